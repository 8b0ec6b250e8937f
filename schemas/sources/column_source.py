"""Where a source has the cells of one column."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .field_path import FieldPath


class ColumnSource(BaseModel):
    """An entry of ``[source.NAME.column]``; a text alone is its ``from``.

    Example:
        >>> ColumnSource.model_validate("data.celsius")
        ColumnSource(path='data.celsius', unit=None)
        >>> ColumnSource.model_validate({"from": "t", "unit": "degF"}).unit
        'degF'
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: FieldPath = Field(
        alias="from", description="Where the source has it: a name, or names with dots between."
    )
    unit: str | None = Field(
        default=None,
        min_length=1,
        examples=["degC"],
        description="Unit in which the source gives it, if that is another than the column's, "
        "or the source says a wrong one.",
    )

    @model_validator(mode="before")
    @classmethod
    def _text_is_path(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str) else data
