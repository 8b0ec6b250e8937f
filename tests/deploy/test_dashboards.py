"""The dashboards are what the code says, load by their schema, and ask for what there is."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.trust import NO_WORRY
from deploy.grafana.write import dashboards
from halflife.streams.monitor.stream_view import _NO_WORRY as OF_THE_PAGE
from tests.harness.dashboards import FILES, asked, load, panels
from tests.harness.metric_names import metric_names
from tests.harness.tools import tool

DEPLOY = Path(__file__).parents[2] / "deploy"
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text("utf-8")
VALUES = {"stream": "lab-a", "__rate_interval": "1m", "__interval": "15s", "__range": "1h"}
OF_PROMETHEUS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}
PATHS = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


def test_the_files_are_what_the_code_writes() -> None:
    written = {file.name: file.read_bytes() for file in FILES}
    assert written == dashboards(), "make dashboards"
    assert written.keys() == {"lab.json", "stream.json", "service.json"}


@PATHS
def test_it_loads_by_the_types_of_grafana_and_comes_out_the_same(file: Path) -> None:
    register_default_plugins()
    known = load(file)
    again = json.loads(json.dumps(Dashboard.from_json(known), cls=JSONEncoder))
    for annotation in known["annotations"].get("list", ()):
        del annotation["titleFormat"], annotation["step"]  # of the plugin, not of these types
    assert again == known


@PATHS
def test_numbers_and_places_are_its_own(file: Path) -> None:
    dashboard = load(file)
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    cells: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(at.get("x", 0), at.get("x", 0) + at["w"])
            for y in range(at.get("y", 0), at.get("y", 0) + at["h"])
        }
        assert max(x for x, _ in covered) < 24
        assert not cells & covered, panel["title"]
        cells |= covered


def test_identities_and_titles_are_unlike_each_other() -> None:
    loaded = [load(file) for file in FILES]
    assert len({each["uid"] for each in loaded}) == len(loaded)
    assert len({each["title"] for each in loaded}) == len(loaded)
    for each in loaded:
        titles = [panel["title"] for panel in panels(each)]
        assert len(set(titles)) == len(titles)
        assert each["schemaVersion"] == 41, "Grafana 11.6"


@PATHS
def test_each_panel_has_what_a_person_needs(file: Path) -> None:
    alerts = {f"#{name.lower()}" for name in re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)}
    for panel in panels(load(file)):
        title = panel["title"]
        assert len(panel["description"]) > 30, title
        assert panel["fieldConfig"]["defaults"]["unit"], title
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], title
        urls = [link["url"] for link in panel["links"]]
        assert any(url.startswith("${live_page}/") for url in urls), title
        (anchor,) = (url.removeprefix("${runbook}") for url in urls if "runbook" in url)
        assert anchor in alerts, f"{title}: deploy/RUNBOOK.md has no section {anchor}"
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs), title


@PATHS
def test_variables_resolve(file: Path) -> None:
    text = file.read_text("utf-8")
    defined = {each["name"] for each in load(file)["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", text)) - {"__data", "__rate_interval", "__range"}
    assert used - {"__interval"} == defined
    sources = set(re.findall(r'"uid": "(\$[^"]+)"', text))
    assert sources == {"${datasource}"}


@PATHS
def test_links_to_other_dashboards_lead_somewhere(file: Path) -> None:
    uids = {load(each)["uid"] for each in FILES}
    assert set(re.findall(r"/d/([\w-]+)/", file.read_text("utf-8"))) <= uids


def test_every_metric_that_is_named_exists() -> None:
    recording = yaml.safe_load((DEPLOY / "prometheus/rules/recording.yaml").read_text("utf-8"))
    recorded = {rule["record"] for group in recording["groups"] for rule in group["rules"]}
    text = " ".join(each.expr for each in asked())
    rules = set(re.findall(r"\b\w+:\w+:\w+", text))
    assert rules
    assert rules <= recorded
    bare = re.sub(r"\b\w+:\w+:\w+|\{[^}]*\}|(by|without) \([^)]*\)", " ", text)
    named = set(re.findall(r"\b(?:halflife|kafka|process)_\w+|\bup\b", bare))
    known = metric_names().keys()
    known |= {f"{name}_bucket" for name in known}
    assert named - known - OF_PROMETHEUS == set()


def test_labels_are_those_of_the_metrics() -> None:
    known = metric_names()
    found: list[tuple[str, str]] = [
        (name, label)
        for each in asked()
        for name, matchers in re.findall(r"\b(halflife_\w+)\{([^}]*)\}", each.expr)
        for label in re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers)
    ]
    assert found
    wrong = [(n, label) for n, label in found if label not in known.get(n, {label})]
    assert wrong == [], wrong


def test_promtool_reads_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"asked:{number}", "expr": each.filled(**VALUES)}
        for number, each in enumerate(asked())
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    done = subprocess.run(
        [tool("promtool"), "check", "rules", "--lint=none", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_is_given_its_sources_and_dashboards() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    given: dict[str, Any] = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())
    assert [source["type"] for source in given["datasources"]] == ["prometheus", "alertmanager"]
    scrape = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["global"]
    assert given["datasources"][0]["jsonData"]["timeInterval"] == scrape["scrape_interval"]
    (provider,) = yaml.safe_load((folder / "dashboards/halflife.yaml").read_text())["providers"]
    assert provider["type"] == "file"
    assert not provider["allowUiUpdates"]


def test_trust_is_what_the_live_page_says() -> None:
    assert {*NO_WORRY.split("|"), "forecast"} == OF_THE_PAGE, "the page tells a forecast by itself"
