"""Where a source goes on after a restart."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from .message import EventTime, Message, StreamName


class SourcePosition(Message):
    """How far a source has been read: written with the records up to there, or not at all."""

    topic: ClassVar[str] = "sources"

    source: StreamName = Field(description="Name of the source, and the key in Kafka.")
    type: str = Field(description="The connector that wrote it: another one begins anew.")
    position: dict[str, Any] = Field(description="What the connector needs to go on.")
    records: int = Field(ge=0, description="Records of this source that reached Kafka so far.")
    time: EventTime
