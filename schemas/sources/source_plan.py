"""One source of records as the lab file declares it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from halflife.schemas.message import StreamName

from .column_source import ColumnSource
from .field_path import FieldPath


class SourcePlan(BaseModel):
    """What every ``[source.NAME]`` of the lab file may say; each type adds keys of its own.

    What a source calls as its column does, needs no entry in ``column``. What it sends beside the
    columns of its stream is left out.

    Example:
        >>> plan = SourcePlan(name="hplc", type="mqtt", column={"t": {"from": "data.celsius"}})
        >>> plan.stream_name, plan.instrument_name, plan.columns["t"].path
        ('hplc', 'hplc', 'data.celsius')
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    # The key of the table in the file; no key of its own there.
    name: SkipJsonSchema[StreamName] = Field(description="Name of the source.")
    type: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,63}$",
        examples=["mqtt"],
        description="How the source speaks: the name of a connector.",
    )
    stream: StreamName | None = Field(
        default=None, description="Which stream its records belong to; default the source's name."
    )
    instrument: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Name of the instrument, where the source does not say it; default the "
        "source's name.",
    )
    recipe: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The recipe that its records run under, where the source does not say it.",
    )
    time_from: FieldPath | None = Field(
        default=None,
        description="Where the source has the time of a record: RFC 3339 with a zone, or seconds, "
        "milliseconds, microseconds or nanoseconds since 1970; default: as its protocol says it.",
    )
    time_zone: str | None = Field(
        default=None,
        examples=["Europe/Berlin", "UTC"],
        description="Zone of times that are written without one.",
    )
    id_from: FieldPath | None = Field(
        default=None,
        description="Where the source has an identity of each record; default: as its protocol "
        "tells records apart.",
    )
    instrument_from: FieldPath | None = Field(
        default=None, description="Where the source has the name of the instrument."
    )
    recipe_from: FieldPath | None = Field(
        default=None, description="Where the source has the recipe of a record."
    )
    columns: dict[str, ColumnSource] = Field(
        default={},
        alias="column",
        description="Where the source has the cells of a column, if not under its name.",
    )

    @property
    def stream_name(self) -> str:
        """``stream``, or its default."""
        return self.stream or self.name

    @property
    def instrument_name(self) -> str:
        """``instrument``, or its default."""
        return self.instrument or self.name

    @property
    def options(self) -> dict[str, Any]:
        """The keys that only this type has, as they were given."""
        common = SourcePlan.model_fields.keys()
        return {key: value for key, value in self if key not in common}
