"""A source whose connector is not ours."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from .source_plan import SourcePlan


class OtherSource(SourcePlan):
    """A source of a type that an installed package brings; its connector checks its keys.

    Example:
        >>> OtherSource(name="pump", type="acme", port="COM3").options
        {'port': 'COM3'}
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    @property
    def options(self) -> dict[str, Any]:
        """The keys that are not common to all sources."""
        return dict(self.__pydantic_extra__ or {})
