"""A challenger that is asked for, and what became of it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from .batch import SyntheticBatch
from .message import EventTime, Identity, Message, StreamName, parse_json
from .window import Window

Cause = Literal["first", "fidelity", "drift", "forecast", "schedule", "hand"]


class RegenerationRequest(Message):
    """A challenger is to be trained on a window of real records."""

    topic: ClassVar[str] = "regenerations"

    kind: Literal["request"] = Field(default="request", description="Not an outcome.")
    request_id: Identity = Field(description="Hash of stream, cause and place.")
    stream: StreamName
    cause: Cause = Field(description="What asked for it.")
    window: Window = Field(description="The real records to train and judge on.")
    record: int = Field(ge=0, description="0-based record of the stream at which it was asked.")
    offset: int = Field(ge=0, description="Its offset in the topic of records.")
    time: EventTime
    champion: SyntheticBatch | None = Field(description="The batch in circulation, if any.")
    seed: int = Field(ge=0, description="Seed of the holdout, of training, of sampling.")
    plan: str = Field(description="Digest of the stream's part of the lab file.")
    approval: bool = Field(
        default=False,
        description="Whether a person is asked before the batch circulates: its manifest is then "
        "published by who asked for it.",
    )
    text: str = Field(description="Why, in one sentence.")


class RegenerationOutcome(Message):
    """What became of a request: there is exactly one for each."""

    topic: ClassVar[str] = "regenerations"

    kind: Literal["outcome"] = Field(default="outcome", description="Not a request.")
    request_id: Identity = Field(description="The request that this answers.")
    stream: StreamName
    cause: Cause = Field(description="What had asked for it.")
    outcome: Literal["promoted", "rejected", "undecided", "failed"] = Field(
        description="How it ended; undecided: the gate cannot tell yet."
    )
    more_records: int | None = Field(
        default=None, ge=1, description="Where undecided: about how many more records would tell."
    )
    batch: SyntheticBatch | None = Field(description="The new batch, if it was promoted.")
    verdict: dict[str, Any] | None = Field(description="What the gate said, if it came so far.")
    text: str = Field(description="The verdict or the failure, in one sentence.")
    attempts: int = Field(ge=1, description="How often training was begun.")
    seconds: float = Field(ge=0, description="How long training, sampling and judging took.")
    cpu_seconds: float | None = Field(
        default=None, ge=0, description="CPU time of the training processes, in s."
    )
    gpu_joules: float | None = Field(
        default=None, ge=0, description="Energy that the GPU took, in J; none without a GPU."
    )
    created: EventTime


def read_regeneration(value: bytes) -> RegenerationRequest | RegenerationOutcome:
    """A message of the topic of regenerations: its ``kind`` says which of the two it is.

    Raises:
        MessageError: With the reason, the field path and what is allowed.

    Example:
        >>> read_regeneration(b"[]")
        Traceback (most recent call last):
        halflife.schemas.errors.MessageError: a JSON object is due, not list
    """
    fields = parse_json(value)
    asked = isinstance(fields, dict) and fields.get("kind") == "request"
    return RegenerationRequest.checked(fields) if asked else RegenerationOutcome.checked(fields)
