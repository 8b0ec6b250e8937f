"""What a person should know about a stream."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from .message import EventTime, Identity, Message, StreamName

AlertKind = Literal[
    "drift",
    "planner-moved",
    "recipe",
    "fidelity",
    "forecast",
    "regeneration-failed",
    "regeneration-rejected",
    "regeneration-waiting",
    "reference-too-short",
    "generator-silent",
    "contamination",
    "collapse",
    "timing",
    "approval",
]


class Alert(Message):
    """A condition of a stream that begins (firing) or ends (resolved)."""

    topic: ClassVar[str] = "alerts"

    alert_id: Identity = Field(description="Hash of stream, kind, place and status.")
    fingerprint: Identity = Field(description="The same for the firing and the resolved one.")
    stream: StreamName
    kind: AlertKind = Field(description="What kind of condition.")
    severity: Literal["info", "warning", "critical"] = Field(description="How much it matters.")
    status: Literal["firing", "resolved"] = Field(description="Whether it begins or ends.")
    text: str = Field(description="What happened, how sure it is, in one or two sentences.")
    evidence: dict[str, Any] = Field(description="The numbers behind the text.")
    record: int = Field(ge=0, description="0-based record of the stream at which it was said.")
    offset: int = Field(ge=0, description="Its offset in the topic of records.")
    time: EventTime
