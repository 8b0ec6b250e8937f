"""An alert as a receiver wants it: JSON for programs, or a message for Slack or Teams."""

from __future__ import annotations

from typing import Any, Final, Literal

import orjson

from halflife.schemas.alert import Alert

Format = Literal["json", "slack", "teams"]

HEADLINES: Final[dict[str, str]] = {
    "drift": "the instrument or the chemistry has drifted",
    "planner-moved": "the planner works elsewhere now",
    "recipe": "a recipe has no reference of its own yet",
    "fidelity": "the synthetic batch has lost too much fidelity",
    "forecast": "the synthetic batch expires soon",
    "regeneration-failed": "a new batch could not be made",
    "regeneration-rejected": "the gate has rejected a challenger",
    "reference-too-short": "drift is not watched",
    "generator-silent": "no generator worker answers",
    "approval": "a new batch waits for a person",
    "regeneration-waiting": "the gate cannot tell yet which batch is better",
    "collapse": "regeneration is halted by the collapse guard",
    "contamination": "synthetic rows come in as real records",
    "timing": "records come at another pace",
}
_COLOURS: Final = {"critical": "attention", "warning": "warning", "info": "default"}


def payload(alert: Alert, form: Format) -> bytes:
    """The body of a message, the same however often it is sent.

    Args:
        alert: From the topic.
        form: ``json``: ``type``, ``timestamp`` and, as ``data``, the alert as it stands in the
            topic. ``slack``: what incoming webhooks of Slack and of those like it take.
            ``teams``: an adaptive card, as workflows of Microsoft Teams take it.
    """
    if form == "slack":
        return orjson.dumps({"text": _slack(alert)})
    if form == "teams":
        return orjson.dumps(_teams(alert))
    return orjson.dumps(
        {
            "type": f"halflife.alert.{alert.status}",
            "timestamp": alert.time,
            "data": alert.model_dump(mode="json"),
        }
    )


def _headline(alert: Alert) -> str:
    headline = f"{alert.stream}: {HEADLINES.get(alert.kind, alert.kind)}"
    return f"Over: {headline}" if alert.status == "resolved" else f"{headline} ({alert.severity})"


def _slack(alert: Alert) -> str:
    """Two lines of Slack's markup, in which three signs must be written otherwise."""
    mark = ":white_check_mark:" if alert.status == "resolved" else ":rotating_light:"
    text = f"*{_headline(alert)}*\n{alert.text}"
    for sign, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, code)
    return f"{mark} {text}"


def _teams(alert: Alert) -> dict[str, Any]:
    colour = "good" if alert.status == "resolved" else _COLOURS[alert.severity]
    title = {"type": "TextBlock", "text": _headline(alert), "wrap": True}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            title | {"weight": "Bolder", "size": "Medium", "color": colour},
            {"type": "TextBlock", "text": alert.text, "wrap": True},
        ],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}
