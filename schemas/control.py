"""What a person asks of a stream by hand."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .message import EventTime, Identity, Message, StreamName


class Command(Message):
    """An order to the worker that holds a stream; it is carried out once."""

    topic: ClassVar[str] = "control"

    command_id: Identity = Field(description="Identity of the order.")
    stream: StreamName
    action: Literal["regenerate"] = Field(description="What is to be done.")
    reason: str = Field(default="", max_length=500, description="Why, in the person's words.")
    time: EventTime
