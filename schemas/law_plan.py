"""One law as the lab file declares it."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from .law import EquationLaw, Law, OrderLaw, SumLaw

_FORMS: Final = "either 'sum' with 'equals', or 'order', or 'equation'; 'tolerance' with each"


class LawPlan(BaseModel):
    """A ``[[stream.NAME.law]]``: a fixed sum, an order, or a column that follows from others.

    Example:
        >>> LawPlan(equation="density = mass / volume", tolerance=0.01).law().inputs
        ('mass', 'volume')
        >>> LawPlan(sum=["a", "b"], equals=1).law().text
        'a + b = 1'
        >>> LawPlan(order=["onset", "end"]).law().text
        'onset <= end'
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "oneOf": [
                {"required": ["sum", "equals"]},
                {"required": ["order"]},
                {"required": ["equation"]},
            ],
        },
    )

    sum: tuple[str, ...] | None = Field(
        default=None, strict=False, description="Two or more columns that add up to `equals`."
    )
    equals: float | None = Field(
        default=None, description="What the columns of `sum` add up to, in their unit."
    )
    order: tuple[str, ...] | None = Field(
        default=None,
        strict=False,
        description="Two or more columns, each at most as large as the next.",
    )
    equation: str | None = Field(
        default=None,
        description="`column = formula of other columns`; the formula knows + - * / ** ( ), "
        "numbers, pi, abs, exp, log, log10, sqrt.",
    )
    tolerance: float = Field(
        default=1e-6,
        ge=0,
        description="How far a row may be off: of a sum or an order in its unit, of an equation "
        "as a ratio.",
    )

    @model_validator(mode="after")
    def _is_one_law(self) -> LawPlan:
        forms = (self.sum is not None, self.order is not None, bool(self.equation))
        if sum(forms) != 1 or (self.sum is None) != (self.equals is None):
            raise PydanticCustomError("law", "is no law; write {forms}", {"forms": _FORMS})
        try:
            self.law()
        except ValueError as error:
            raise PydanticCustomError("law", "{said}", {"said": str(error)}) from error
        return self

    def law(self) -> Law:
        """The law itself."""
        if self.equation is not None:
            return EquationLaw(self.equation, tolerance=self.tolerance)
        if self.order is not None:
            return OrderLaw(self.order, tolerance=self.tolerance)
        if self.sum is None or self.equals is None:
            raise ValueError(f"no law: write {_FORMS}")
        return SumLaw(self.sum, equals=self.equals, tolerance=self.tolerance)
