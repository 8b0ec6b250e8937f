"""What happened to a source that people should know later."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .message import EventTime, Message, StreamName


class SourceEvent(Message):
    """A source was connected, lost, refused, or could not be heard for a time."""

    topic: ClassVar[str] = "source-events"

    source: StreamName = Field(description="Name of the source, and the key in Kafka.")
    stream: StreamName = Field(description="The stream that its records belong to.")
    kind: Literal["connected", "lost", "refused", "ended", "gap"] = Field(
        description="What happened; a gap is a time of which nothing will be known."
    )
    text: str = Field(description="The same in a sentence.")
    first: EventTime | None = Field(
        default=None, description="Of a gap: when the source was last heard."
    )
    last: EventTime | None = Field(default=None, description="Of a gap: when it was heard again.")
    worker: str = Field(description="Which worker says so.")
    time: EventTime
