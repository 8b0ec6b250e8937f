"""A column of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    SpecialValueMap,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
)


@dataclass(frozen=True)
class Column:
    """A column of a table: the values of a query, or a label.

    Args:
        title: Its head.
        query: In PromQL, one value for each row; empty where a label is shown.
        label: The label.
        unit: Of its values.
        steps: Colours by value; the whole cell is coloured.
        mappings: Words in place of values.
        links: Titles and addresses where a cell leads.
        width: In pixels.
        hidden: Whether it is there only for its labels.
    """

    title: str
    query: str = ""
    label: str = ""
    unit: str = ""
    steps: Sequence[Threshold] = ()
    mappings: Sequence[ValueMap | SpecialValueMap] = ()
    links: Sequence[tuple[str, str]] = ()
    width: int = 0
    hidden: bool = False

    def properties(self) -> list[DynamicConfigValue]:
        """What differs from the other columns."""
        told: list[tuple[str, object]] = []
        if self.unit:
            told.append(("unit", self.unit))
        if self.steps:
            mode = ThresholdsMode.ABSOLUTE
            told.append(("thresholds", ThresholdsConfig(mode=mode, steps=list(self.steps))))
            told.append(("custom.cellOptions", {"type": "color-background", "mode": "basic"}))
        if self.mappings:
            told.append(("mappings", list(self.mappings)))
        if self.links:
            told.append(("links", [{"title": t, "url": u} for t, u in self.links]))
        if self.width:
            told.append(("custom.width", self.width))
        return [DynamicConfigValue(id_val=name, value=value) for name, value in told]
