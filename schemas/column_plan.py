"""One column as the lab file declares it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from .column import Column, Kind, Role


class ColumnPlan(BaseModel):
    """An entry of ``[stream.NAME.column]``: what a column is, and what it may hold.

    Example:
        >>> ColumnPlan(role="measured", unit="K", min=0).column("temperature").minimum
        0.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    role: Role = Field(
        strict=False,
        description="What it does: the planner chooses a set-point, a measured column answers, "
        "a derived one follows by a law, context says where and who.",
    )
    kind: Kind = Field(
        default=Kind.NUMBER, strict=False, description="What its cells hold; a category is text."
    )
    unit: str = Field(default="1", min_length=1, description="Unit of its numbers; 1 for none.")
    min: float | None = Field(
        default=None, description="Smallest physically possible value; below is a dead letter."
    )
    max: float | None = Field(
        default=None, description="Largest physically possible value; above is a dead letter."
    )

    @model_validator(mode="after")
    def _range_fits(self) -> ColumnPlan:
        try:
            self.column("this")
        except ValueError as error:
            said = str(error).replace("column 'this'", "this column")
            raise PydanticCustomError("range", "{said}", {"said": said}) from error
        return self

    def column(self, name: str) -> Column:
        """The column under its name."""
        return Column(
            name=name,
            role=self.role,
            kind=self.kind,
            unit=self.unit,
            minimum=self.min,
            maximum=self.max,
        )
