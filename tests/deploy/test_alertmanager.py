"""Routes, receivers and silences of Alertmanager, by the real amtool."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.harness.tools import tool

FOLDER = Path(__file__).parents[2] / "deploy" / "alertmanager"
CONFIG = FOLDER / "alertmanager.yml"
ALERTS = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "alerts.yaml"
LOADED = yaml.safe_load(CONFIG.read_text("utf-8"))


def amtool(*arguments: str) -> str:
    done = subprocess.run(
        [tool("amtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_alertmanager_takes_the_configuration() -> None:
    assert "1 templates" in amtool("check-config", CONFIG.name)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=HalflifeInstrumentDrift severity=critical stream=opv", "everybody"),
        ("alertname=HalflifePlannerMoved severity=info stream=opv", "webhook"),
        ("alertname=HalflifeWorkerGone severity=critical worker=monitor", "everybody"),
        ("alertname=HalflifeLabelsDropped severity=info label=stream", "webhook"),
    ],
)
def test_alerts_find_their_receivers(labels: str, receiver: str) -> None:
    said = amtool("config", "routes", "test", f"--config.file={CONFIG.name}", *labels.split())
    assert said.split() == [receiver]


def test_secrets_stand_in_files() -> None:
    text = CONFIG.read_text("utf-8")
    assert not re.findall(r"^\s*(\w*(?:password|token|api_url|credentials)): ", text, re.MULTILINE)
    assert len(re.findall(r"secrets/\w+", text)) == 3


def test_what_is_inhibited_are_alerts_that_there_are() -> None:
    there = set(re.findall(r"alert: (\w+)", ALERTS.read_text("utf-8")))
    named = set(re.findall(r"Halflife\w+", yaml.safe_dump(LOADED["inhibit_rules"])))
    assert named <= there
    gone = LOADED["inhibit_rules"][0]
    assert 'alertname="HalflifeWorkerGone"' in gone["source_matchers"]
    for silenced in ("HalflifeLagRising", "HalflifeNoRecords"):
        assert silenced in gone["target_matchers"][0]


def test_the_stanza_for_teams_fits_into_the_configuration() -> None:
    """Of it only the templates and the name of the receiver can be checked with 0.25."""
    (teams,) = yaml.safe_load((FOLDER / "teams.yml").read_text("utf-8"))["receivers"]
    assert teams["name"] in {receiver["name"] for receiver in LOADED["receivers"]}
    (settings,) = teams["msteamsv2_configs"]
    defined = set(
        re.findall(r'define "([\w.]+)"', (FOLDER / "templates/halflife.tmpl").read_text())
    )
    assert (
        set(re.findall(r'template "([\w.]+)"', f"{settings['title']}{settings['text']}")) <= defined
    )
