"""A record of an experiment, and a synthetic row that looks like one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr

from .message import EventTime, Identity, Message, StreamName

Cell = StrictInt | StrictFloat | StrictStr | None
Values = Annotated[
    dict[str, Cell],
    Field(description="Cells by column: number, text, or null where the value is missing."),
]
RecordId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="Identity of the record in its stream: a second one of the same is a repeat.",
    ),
]


class ExperimentRecord(Message):
    """One real record: what the planner set and what the instrument answered.

    Example:
        >>> ExperimentRecord.checked({"stream": "opv", "record_id": "r1", "instrument": "robot",
        ...     "time": "2026-11-22T10:00:00Z", "values": {"mat_1": 0.2}}).values
        {'mat_1': 0.2}
    """

    topic: ClassVar[str] = "records"

    stream: StreamName
    record_id: RecordId
    time: EventTime
    instrument: str = Field(max_length=200, description="Which instrument made the record.")
    recipe: str | None = Field(
        default=None, max_length=200, description="The recipe it ran under, if it has several."
    )
    values: Values


class SyntheticRecord(Message):
    """One row of a synthetic batch: the shape of a record, and says that it is none."""

    topic: ClassVar[str] = "synthetic"

    stream: StreamName
    record_id: RecordId
    time: EventTime
    instrument: str = Field(default="halflife", description="Always Halflife itself.")
    recipe: str | None = Field(default=None, description="The recipe that the row stands for.")
    values: Values
    origin: Literal["synthetic"] = Field(description="Never to be taken for a real record.")
    batch_id: Identity = Field(description="The batch that the row belongs to.")
    row: int = Field(ge=0, description="0-based place in its batch.")
