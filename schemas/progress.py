"""How far the training of a challenger is."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .message import EventTime, Identity, Message, StreamName


class TrainingProgress(Message):
    """A sign of life of a training, for people; nothing depends on it."""

    topic: ClassVar[str] = "progress"

    request_id: Identity = Field(description="The request that is being answered.")
    stream: StreamName
    phase: Literal["reading", "training", "sampling", "judging", "publishing"] = Field(
        description="What is being done."
    )
    step: int = Field(ge=0, description="Steps done in this phase.")
    steps: int = Field(ge=0, description="Steps that this phase has; 0 if unknown.")
    loss: float | None = Field(default=None, description="Loss on held-out rows, if it has one.")
    rows_per_second: float | None = Field(default=None, description="Training speed, rows/s.")
    seconds_left: float | None = Field(default=None, description="Estimate for this phase.")
    time: EventTime
