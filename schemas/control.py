"""What a person asks of a stream by hand."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from .message import EventTime, Identity, Message, StreamName

Action = Literal["regenerate", "approve", "reject", "fault", "annotate"]
Person = Annotated[str, Field(max_length=100, description="Who, in their own words.")]


class Command(Message):
    """An order to the worker that holds a stream; it is carried out once.

    ``regenerate`` asks for a new batch. ``approve`` lets a batch that waits for a person circulate
    (``on_drift = "ask"``), ``reject`` drops it. ``fault`` says that the records ``first`` to
    ``last`` were an instrument's fault: they are kept out of trainings and of references.
    ``annotate`` only notes something, of a stretch of records or of the stream.

    Example:
        >>> Command.checked({"command_id": "0" * 32, "stream": "opv", "action": "fault",
        ...     "reason": "lamp broken", "first": 9, "last": 3, "time": "2025-03-01T12:00:00Z"})
        Traceback (most recent call last):
        halflife.schemas.errors.MessageError: first: 9 stands behind last, 3
    """

    topic: ClassVar[str] = "control"

    command_id: Identity = Field(description="Identity of the order.")
    stream: StreamName
    action: Action = Field(description="What is to be done.")
    reason: str = Field(default="", max_length=500, description="Why, in the person's words.")
    by: Person = ""
    batch_id: Identity | None = Field(
        default=None, description="The batch that is meant; the one that waits, if left out."
    )
    first: int | None = Field(default=None, ge=0, description="First record meant, from 0.")
    last: int | None = Field(default=None, ge=0, description="Last record meant, from 0.")
    time: EventTime

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("first and last are due together")
        if self.action == "fault" and self.first is None:
            raise ValueError("a fault needs the first and the last record of it")
        if self.action == "annotate" and not self.reason.strip():
            raise ValueError("a note needs a reason: its text")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"first: {self.first} stands behind last, {self.last}")
        return self
