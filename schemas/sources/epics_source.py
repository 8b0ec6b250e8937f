"""A source that is channels of EPICS."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from halflife.schemas.quantities import Duration

from .source_plan import SourcePlan

ValueName = Annotated[str, Field(min_length=1, max_length=200)]
ProcessVariable = Annotated[str, Field(pattern=r"^\S{1,500}$", examples=["FURNACE:TEMP"])]
Address = Annotated[
    str, Field(pattern=r"^[^\s:,]{1,253}(:[0-9]{1,5})?$", examples=["10.0.0.7", "ioc1:5064"])
]


class EpicsSource(SourcePlan):
    """``type = "epics"``: channels (PVs) that are listened to by Channel Access.

    Example:
        >>> EpicsSource(name="oven", type="epics", channels=["T", "P"], trigger="T").names
        {'T': 'T', 'P': 'P'}
    """

    channels: (
        Annotated[dict[ValueName, ProcessVariable], Field(min_length=1, max_length=2000)]
        | Annotated[list[ProcessVariable], Field(min_length=1, max_length=2000)]
    ) = Field(
        description="PV of each value, by the name that the value has here; or PVs alone.",
    )
    trigger: ValueName | None = Field(
        default=None, description="Name whose update makes a record of the latest values."
    )
    within: Duration | None = Field(
        default=None,
        description="Longest time between the values of one record, in place of a trigger.",
    )
    addresses: list[Address] | None = Field(
        default=None,
        min_length=1,
        description="Where servers are searched for, as EPICS_CA_ADDR_LIST, which is the default.",
    )
    auto_addresses: bool | None = Field(
        default=None,
        description="Whether they are also searched for by broadcast; default: as "
        "EPICS_CA_AUTO_ADDR_LIST says, but not where addresses are given here.",
    )
    missing_at: Literal["invalid", "major", "minor"] = Field(
        default="invalid",
        description="Severity of an alarm from which on a value counts as missing.",
    )

    @property
    def names(self) -> dict[str, str]:
        """The PV of each value."""
        if isinstance(self.channels, dict):
            return self.channels
        return {name: name for name in self.channels}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = self.names
        twice = len(names) - len(set(names.values()))
        if twice or len(names) != len(self.channels):
            raise PydanticCustomError("range", "names a channel twice in 'channels'")
        if (self.trigger is None) == (self.within is None):
            raise PydanticCustomError(
                "range", "needs one of 'trigger' (a name of 'channels') and 'within' (a time)"
            )
        if self.trigger is not None and self.trigger not in names:
            raise PydanticCustomError(
                "range",
                "has the trigger {trigger}, which is no name of 'channels': {names}",
                {"trigger": repr(self.trigger), "names": ", ".join(list(names)[:12])},
            )
        return self
