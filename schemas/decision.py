"""What a person has decided about a stream, and what came of it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .control import Action, Person
from .message import EventTime, Identity, Message, StreamName


class Decision(Message):
    """An order that was carried out, or refused with the reason: there is one for each order."""

    topic: ClassVar[str] = "decisions"

    command_id: Identity = Field(description="The order that this answers.")
    stream: StreamName
    action: Action = Field(description="What was to be done.")
    by: Person = ""
    reason: str = Field(default="", description="Why, in the person's words.")
    outcome: Literal["done", "refused"] = Field(description="What came of it.")
    text: str = Field(description="The same in one sentence.")
    batch_id: Identity | None = Field(default=None, description="The batch that was meant.")
    first: int | None = Field(default=None, ge=0, description="First record that was meant.")
    last: int | None = Field(default=None, ge=0, description="Last record that was meant.")
    records: int = Field(ge=0, description="Records of the stream when it was carried out.")
    time: EventTime
