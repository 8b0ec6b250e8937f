"""The rules fire, stay silent and resolve, and say what a person needs, by the real promtool."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from halflife.schemas.alert import AlertKind
from halflife.streams.watch.alert_book import SEVERITY
from tests.harness.metric_names import metric_names
from tests.harness.tools import tool

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "rules"
TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yaml"))
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text("utf-8")


def groups(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((RULES / file).read_text("utf-8"))["groups"]
    return found


ALERTS = {rule["alert"]: rule for group in groups("alerts.yaml") for rule in group["rules"]}
RECORDED = {rule["record"] for group in groups("recording.yaml") for rule in group["rules"]}


def promtool(*arguments: str | Path, cwd: Path = DEPLOY / "prometheus") -> str:
    done = subprocess.run(
        [tool("promtool"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_takes_the_configuration() -> None:
    said = promtool("check", "config", "prometheus.yml")
    assert "2 rule files found" in said


@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_is_expected(file: Path) -> None:
    promtool("test", "rules", file)


def test_each_alert_is_seen_to_fire_and_to_be_silent() -> None:
    seen: defaultdict[str, set[bool]] = defaultdict(set)
    for file in TESTS:
        for one in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            for case in one.get("alert_rule_test", ()):
                seen[case["alertname"]].add(bool(case["exp_alerts"]))
    assert dict(seen) == {name: {True, False} for name in ALERTS}


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_has_what_a_person_needs(name: str) -> None:
    rule = ALERTS[name]
    assert rule["for"]
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"].endswith(f"#{name.lower()}")
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None, f"deploy/RUNBOOK.md has no section {name}"
    for word in ("**Means.**", "**Instrument or data.**", "**Do"):
        assert word in section[1]


def test_the_runbook_has_no_other_sections_and_its_links_lead_somewhere() -> None:
    sections = re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)
    assert sorted(sections) == sorted(ALERTS)
    anchors = {section.lower() for section in sections}
    assert set(re.findall(r"\(#([^)]+)\)", RUNBOOK)) <= anchors


def test_each_kind_of_alert_in_the_topic_has_a_rule_of_its_severity() -> None:
    kinds = {}
    for rule in ALERTS.values():
        found = re.fullmatch(r'stream_kind:halflife_alert:active\{kind="([\w-]+)"\}', rule["expr"])
        if found is not None:
            kinds[found[1]] = rule["labels"]["severity"]
    assert set(get_args(AlertKind)) <= kinds.keys()
    assert SEVERITY.items() <= kinds.items()


def test_every_metric_that_is_named_exists() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(RULES.glob("*.yaml")))
    rules = yaml.safe_load((RULES / "alerts.yaml").read_text("utf-8"))["groups"]
    rules += yaml.safe_load((RULES / "recording.yaml").read_text("utf-8"))["groups"]
    asked = " ".join(
        part
        for group in rules
        for rule in group["rules"]
        for part in (rule["expr"], *rule.get("annotations", {}).values())
    )
    assert asked
    named = set(re.findall(r"(?<![\w:])((?:kafka|halflife)_\w+)(?=[{\[(),\s])", asked))
    assert "halflife_alert_firing" in named
    assert named - metric_names().keys() == set()
    recorded = set(re.findall(r"\w+:halflife_\w+:\w+", text))
    assert recorded == RECORDED
