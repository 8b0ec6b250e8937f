"""What programs, Slack and Teams are sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from halflife.schemas.alert import Alert, AlertKind
from halflife.streams.watch.identity import identity
from halflife.streams.webhook.payload import HEADLINES, payload

RULES = Path(__file__).parents[3] / "deploy" / "prometheus" / "rules" / "alerts.yaml"


def alert(**changes: Any) -> Alert:
    fields = {
        "alert_id": identity("a"), "fingerprint": identity("f"), "stream": "opv", "kind": "drift",
        "severity": "critical", "status": "firing", "text": "y < 3 & <b>rising</b>",
        "evidence": {"size": 0.5}, "record": 7, "offset": 9,
        "time": datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip
    return Alert.model_validate(fields | changes)


def test_programs_are_sent_the_alert_as_it_stands_in_the_topic() -> None:
    sent = json.loads(payload(alert(), "json"))
    assert sent["type"] == "halflife.alert.firing"
    assert sent["timestamp"] == "2026-03-01T00:00:00+00:00"
    assert Alert.model_validate(sent["data"]) == alert()


def test_slack_is_sent_its_own_markup() -> None:
    told = json.loads(payload(alert(), "slack"))
    assert told == {
        "text": ":rotating_light: *opv: the instrument or the chemistry has drifted (critical)*\n"
        "y &lt; 3 &amp; &lt;b&gt;rising&lt;/b&gt;"
    }
    over = json.loads(payload(alert(status="resolved"), "slack"))["text"]
    assert over.startswith(":white_check_mark: *Over: opv: ")


def test_teams_is_sent_an_adaptive_card() -> None:
    (attachment,) = json.loads(payload(alert(), "teams"))["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    title, text = attachment["content"]["body"]
    assert title["text"] == "opv: the instrument or the chemistry has drifted (critical)"
    assert text["text"] == alert().text


@pytest.mark.parametrize("kind", get_args(AlertKind))
def test_the_headlines_are_those_of_the_rules(kind: AlertKind) -> None:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    (summary,) = [
        rule["annotations"]["summary"]
        for group in groups
        for rule in group["rules"]
        if f'kind="{kind}"' in rule["expr"]
    ]
    assert summary == f"{{{{ $labels.stream }}}}: {HEADLINES[kind]}"
