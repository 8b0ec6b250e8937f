"""One stream as the lab file declares it: its columns, its laws, and what it is promised."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from .column_plan import ColumnPlan
from .law_plan import LawPlan
from .message import StreamName
from .misfits import find_misfits
from .process_plan import ProcessPlan
from .quantities import Duration, RecordsPerFalseAlarm
from .table import Table

_MOST: Final = 100_000_000
ColumnName = Annotated[str, Field(min_length=1)]


class StreamPlan(BaseModel):
    """A ``[stream.NAME]`` of the lab file.

    "Records" are real records of this stream, in the order in which they came. Durations are of
    event time, in seconds; the file writes them with their unit (``"5 min"``).

    Example:
        >>> plan = StreamPlan(name="opv", column={"x": {"role": "set-point"},
        ...     "y": {"role": "measured"}}, target="y", false_alarms="1 per 5000 records")
        >>> plan.false_alarms, plan.window_rows, plan.table.set_points
        (5000.0, 250, ('x',))
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    # The key of the table in the file; no key of its own there.
    name: SkipJsonSchema[StreamName] = Field(description="Name of the stream.")
    title: str = Field(default="", description="What people call the stream.")

    # What is promised
    false_alarms: RecordsPerFalseAlarm = Field(
        default=10_000.0,
        json_schema_extra={"default": "1 per 10000 records"},
        description="How many records pass between two false alarms, on average.",
    )
    keep: float = Field(
        default=0.9,
        gt=0,
        lt=1,
        description="Share of its fidelity at birth below which a batch is replaced.",
    )
    target: str | None = Field(
        default=None, description="The column that models of this stream predict."
    )
    recipe: ColumnName | None = Field(
        default=None,
        description="The column of a CSV that says which recipe a record ran under; "
        "it need not be declared. Live records say it themselves.",
    )
    on_drift: Literal["regenerate", "ask"] = Field(
        default="regenerate",
        description="After a drift alarm: let a new batch circulate if it is better, or ask a "
        "person first.",
    )

    # What is watched
    reference: int = Field(
        default=500, ge=20, le=_MOST, description="Records at the start that are taken as normal."
    )
    window: int | None = Field(
        default=None,
        ge=10,
        le=_MOST,
        description="Latest records against which a batch is measured; "
        "default half of `reference`, at least 100.",
    )
    tick: int = Field(
        default=50, ge=1, le=_MOST, description="Records from one fidelity tick to the next."
    )
    tick_interval: Duration = Field(
        default=60.0,
        json_schema_extra={"default": "1 min"},
        description="Shortest time between two fidelity ticks.",
    )

    # What is made
    generator: str = Field(
        default="auto",
        pattern=r"^[a-z][a-z0-9_-]*$",
        examples=["auto"],
        description="Name of the generator; `auto` chooses one.",
    )
    epsilon: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description='Differential privacy of each batch that `generator = "private"` makes: 1 is '
        "a strong promise, 10 a weak one; default 1.",
    )
    delta: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Chance that the promise of `epsilon` leaves out, well below one over the "
        "number of records; default 1e-5.",
    )
    privacy: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="From 0, a batch as near to the training rows as it gets, to 1, as far away; "
        "default: as the generator does best. Only some generators can (`trees`, `auto`).",
    )
    rows: int = Field(default=1000, ge=1, le=_MOST, description="Rows of a synthetic batch.")
    min_rows: int = Field(
        default=200, ge=10, le=_MOST, description="Records that a training needs."
    )
    holdout: float = Field(
        default=0.3,
        gt=0,
        lt=1,
        description="Share of the records that no training sees: gate and fidelity use them.",
    )
    max_dcr_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of a batch's rows that may be nearer to a training than to a held-out "
        "record, 0.5 for other real records; a batch with more is refused. Default no limit.",
    )
    min_utility: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Share of the skill of models trained on real records below which a batch is "
        "refused; where a target is declared.",
    )
    collapse_loss: float = Field(
        default=0.03,
        gt=0,
        lt=1,
        description="Share by which a later batch of an epoch may describe fixed real records "
        "worse than its first; beyond, regeneration is halted.",
    )
    seed: int = Field(
        default=0, ge=0, le=2**63 - 1, description="All seeds of the stream derive from it."
    )
    time_limit: Duration = Field(
        default=600.0,
        json_schema_extra={"default": "10 min"},
        description="Longest that one training may take, by the clock on the wall.",
    )

    # When it is made
    grace: int = Field(
        default=50,
        ge=0,
        le=_MOST,
        description="Records between a request and the batch's first effect.",
    )
    cooldown: int | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="Records between two requests, at least; default `min_rows`.",
    )
    budget: int = Field(default=24, ge=0, le=_MOST, description="Requests per day, at most.")
    schedule: Duration | None = Field(
        default=None, description="Time after which a batch is replaced in any case; default never."
    )
    lead: int | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="A batch is replaced when its forecast expiry is nearer than so many records; "
        "default `min_rows`.",
    )

    columns: dict[ColumnName, ColumnPlan] = Field(
        alias="column", min_length=1, description="Every column of the records, by name."
    )
    laws: tuple[LawPlan, ...] = Field(
        default=(), alias="law", strict=False, description="What every row obeys."
    )

    process: ProcessPlan | None = Field(
        default=None,
        description='How records come about, for `generator = "process"` or `"declared"`.',
    )

    @model_validator(mode="after")
    def _fits_together(self) -> StreamPlan:
        misfits = find_misfits(self.model_dump(mode="json", by_alias=True))
        if misfits:
            said = "; ".join(misfit.text for misfit in misfits)
            raise PydanticCustomError("misfit", "{said}", {"said": said})
        return self

    @property
    def table(self) -> Table:
        """The columns in the order of the file, with the laws; built anew on each call."""
        columns = tuple(plan.column(name) for name, plan in self.columns.items())
        return Table(columns, tuple(plan.law() for plan in self.laws), self.target)

    @property
    def declared(self) -> dict[str, Any]:
        """The same as plain data: ``StreamPlan(**plan.declared)`` has the same digest."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def generator_options(self) -> dict[str, Any]:
        """Arguments of the generator that the file gives."""
        options = {"epsilon": self.epsilon, "delta": self.delta, "privacy": self.privacy}
        process = {} if self.process is None else self.process.options(self.generator)
        return process | {name: value for name, value in options.items() if value is not None}

    @property
    def window_rows(self) -> int:
        """``window``, or its default."""
        return max(100, self.reference // 2) if self.window is None else self.window

    @property
    def cooldown_records(self) -> int:
        """``cooldown``, or its default."""
        return self.min_rows if self.cooldown is None else self.cooldown

    @property
    def lead_records(self) -> int:
        """``lead``, or its default."""
        return self.min_rows if self.lead is None else self.lead

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change with anything that alters findings.

        A default that is written out changes nothing, nor do the title and the column of a file
        that names recipes. The order of columns does: it is the order of the numbers in a block.
        """
        resolved = self.model_dump(mode="json", exclude={"recipe"}) | {
            "title": "",
            "window": self.window_rows,
            "cooldown": self.cooldown_records,
            "lead": self.lead_records,
        }
        return hashlib.blake2b(json.dumps(resolved).encode(), digest_size=8).hexdigest()
