"""How the records of a stream come about, as the lab file declares it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Number = float | str
Parameter = float | Annotated[tuple[float, float], Field(strict=False)]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DistributionPlan(BaseModel):
    """An entry of ``[stream.NAME.process.column]``: how the cells of one column are drawn.

    Example:
        >>> DistributionPlan(distribution="normal", mean="2 * x", sd=0.1).arguments
        {'mean': '2 * x', 'sd': 0.1}
    """

    model_config = _STRICT

    distribution: Literal[
        "constant",
        "normal",
        "lognormal",
        "uniform",
        "triangular",
        "gamma",
        "beta",
        "poisson",
        "grid",
        "categorical",
    ] = Field(description="Which; arguments that are all left out are fitted to the records.")
    value: Number | None = Field(default=None, description="Of `constant`.")
    mean: Number | None = Field(default=None, description="Of `normal` and `poisson`.")
    sd: Number | None = Field(default=None, description="Standard deviation of `normal`.")
    median: Number | None = Field(default=None, description="Of `lognormal`.")
    factor: Number | None = Field(
        default=None, description="Of `lognormal`: one standard deviation of its logarithm, as exp."
    )
    low: Number | None = Field(
        default=None, description="Of `uniform`, `triangular`, `beta` and `grid`."
    )
    mode: Number | None = Field(default=None, description="Of `triangular`: the likeliest value.")
    high: Number | None = Field(
        default=None, description="Of `uniform`, `triangular`, `beta` and `grid`."
    )
    shape: Number | None = Field(default=None, description="Of `gamma`.")
    scale: Number | None = Field(default=None, description="Of `gamma`.")
    a: Number | None = Field(default=None, description="Of `beta`.")
    b: Number | None = Field(default=None, description="Of `beta`.")
    step: float | None = Field(default=None, gt=0, description="Of `grid`.")
    levels: tuple[str, ...] | None = Field(
        default=None, strict=False, description="Of `categorical`."
    )
    weights: tuple[float, ...] | None = Field(
        default=None, strict=False, description="Of `categorical`: how often each level is."
    )

    @property
    def arguments(self) -> dict[str, Any]:
        """What is declared, by name, without the distribution."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"distribution"})


class ProcessPlan(BaseModel):
    """A ``[stream.NAME.process]``: a simulator, or distributions of columns.

    Example:
        >>> plan = ProcessPlan(function="lab.kinetics:simulate", parameters={"energy": [20, 150]})
        >>> plan.options("process")
        {'function': 'lab.kinetics:simulate', 'parameters': {'energy': [20.0, 150.0]}}
    """

    model_config = _STRICT

    function: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        examples=["package.module:function"],
        description='Simulator of `generator = "process"`: takes set-points, parameters and a '
        "random generator, returns columns.",
    )
    parameters: dict[str, Parameter] = Field(
        default={},
        description="Of the simulator: `[low, high]` where it is fitted, one number where known.",
    )
    budget: int | None = Field(
        default=None, ge=1, description="How often a fit may simulate all records; default 300."
    )
    columns: dict[str, DistributionPlan] = Field(
        default={},
        alias="column",
        description='Distributions for `generator = "declared"`, by column.',
    )

    @model_validator(mode="after")
    def _is_one_process(self) -> ProcessPlan:
        if (self.function is None) == (not self.columns):
            raise PydanticCustomError("law", "is no process; write either 'function' or 'column'")
        return self

    def options(self, generator: str) -> dict[str, Any]:
        """Arguments of a generator that come from here; none for others."""
        if generator == "process":
            found = {
                "function": self.function,
                "parameters": self.parameters,
                "budget": self.budget,
            }
            plain = self.model_dump(mode="json", include=set(found), exclude_none=True)
            return {name: value for name, value in plain.items() if value}
        if generator == "declared":
            return {
                "columns": {
                    name: {"distribution": one.distribution, **one.arguments}
                    for name, one in self.columns.items()
                }
            }
        return {}
