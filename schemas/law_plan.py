"""One law as the lab file declares it."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from .law import EquationLaw, Law, SumLaw

_FORMS: Final = "either 'sum' with 'equals', or 'equation'; 'tolerance' with both"


class LawPlan(BaseModel):
    """A ``[[stream.NAME.law]]``: columns with a fixed sum, or a column that follows from others.

    Example:
        >>> LawPlan(equation="density = mass / volume", tolerance=0.01).law().inputs
        ('mass', 'volume')
        >>> LawPlan(sum=["a", "b"], equals=1).law().text
        'a + b = 1'
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "oneOf": [{"required": ["sum", "equals"]}, {"required": ["equation"]}],
        },
    )

    sum: tuple[str, ...] | None = Field(
        default=None, strict=False, description="Two or more columns that add up to `equals`."
    )
    equals: float | None = Field(
        default=None, description="What the columns of `sum` add up to, in their unit."
    )
    equation: str | None = Field(
        default=None,
        description="`column = formula of other columns`; the formula knows + - * / ** ( ), "
        "numbers, pi, abs, exp, log, log10, sqrt.",
    )
    tolerance: float = Field(
        default=1e-6,
        ge=0,
        description="How far a row may be off: of a sum in its unit, of an equation as a ratio.",
    )

    @model_validator(mode="after")
    def _is_one_law(self) -> LawPlan:
        is_sum = (self.sum is not None, self.equals is not None)
        if is_sum not in ((True, True), (False, False)) or all(is_sum) == bool(self.equation):
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
        if self.sum is None or self.equals is None:
            raise ValueError(f"no law: write {_FORMS}")
        return SumLaw(self.sum, equals=self.equals, tolerance=self.tolerance)
