"""The kinds of panels, each told once: what it shows, why, in which unit, and where it leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final, Literal

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import xychart as xy
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models.dashboard import (
    DashboardLink,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions as SpecialValue,
)
from grafana_foundation_sdk.models.xychart import SeriesMapping, XYShowMode

from .column import Column
from .query import Query, source

Mapping = ValueMap | SpecialValueMap
Draw = Literal["line", "bars", "points"]

GOOD: Final = "green"
LOOK: Final = "orange"
BAD: Final = "red"
PLAIN: Final = "blue"


@dataclass(frozen=True)
class About:
    """What every panel has.

    Args:
        title: A few words.
        text: What it shows, and what a person should make of it.
        unit: Of its values, as Grafana names it.
        links: To the runbook and to the live page.
        steps: Colours by value, the first from minus infinity on.
        mappings: Words in place of values.
        width: Of 24 columns.
        height: In rows of the grid.
        least: Lower end of the axis; None fits the data.
        most: Upper end.
        empty: What is said where there is no value.
    """

    title: str
    text: str
    unit: str
    links: Sequence[board.DashboardLink]
    steps: Sequence[Threshold] = (Threshold(color=PLAIN),)
    mappings: Sequence[Mapping] = ()
    width: int = 12
    height: int = 8
    least: float | None = None
    most: float | None = None
    empty: str = "no data"


Made = timeseries.Panel | stat.Panel | table.Panel | statetimeline.Panel | bargauge.Panel | xy.Panel


def steps(*values: tuple[float, str], below: str) -> list[Threshold]:
    """Colours from values on, and the one below all of them."""
    return [Threshold(color=below), *(Threshold(value=value, color=c) for value, c in values)]


def no_number(text: str) -> SpecialValueMap:
    """Words for NaN and for nothing."""
    result = ValueMappingResult(text=text, color="text", index=0)
    options = SpecialValue(match=SpecialValueMatch.NULL_AND_NAN, result=result)
    return SpecialValueMap(options=options)


def drawn(
    about: About,
    queries: Sequence[Query],
    *,
    draw: Draw = "line",
    stacked: bool = False,
    line_at_steps: bool = False,
    dashed: str = "",
) -> timeseries.Panel:
    """Values over time.

    Args:
        about: What it is.
        queries: What is asked.
        draw: How values are drawn.
        stacked: Whether series stand upon one another.
        line_at_steps: Whether a line is drawn where the colour changes.
        dashed: Series whose names match this are limits, and drawn dashed.
    """
    made = (
        timeseries.Panel()
        .draw_style(look.GraphDrawStyle(draw))
        .line_interpolation(look.LineInterpolation.STEP_AFTER)
        .fill_opacity(30 if stacked or draw == "bars" else 0)
        .show_points(look.VisibilityMode.AUTO)
        .color_scheme(board.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(look.LegendDisplayMode.LIST)
            .placement(look.LegendPlacement.BOTTOM)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(look.TooltipDisplayMode.MULTI)
            .sort(look.SortOrder.DESCENDING)
        )
    )
    if stacked:
        made = made.stacking(common.StackingConfig().mode(look.StackingMode.NORMAL))
    if line_at_steps:
        made = made.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(look.GraphThresholdsStyleMode.DASHED)
        )
    if dashed:
        style = {"fill": "dash", "dash": [8, 6]}
        made = made.override_by_regexp(
            dashed, [DynamicConfigValue(id_val="custom.lineStyle", value=style)]
        )
    _fill(made, about, queries)
    return made


def number(about: About, query: Query, *, colored: bool = True) -> stat.Panel:
    """One value, large."""
    made = (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(look.BigValueColorMode.BACKGROUND if colored else look.BigValueColorMode.NONE)
        .graph_mode(look.BigValueGraphMode.NONE)
        .color_scheme(board.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    )
    _fill(made, about, [Query(query.expr, query.legend, instant=True)])
    return made


def bars(about: About, query: Query) -> bargauge.Panel:
    """A bar for each series, as it is now."""
    made = (
        bargauge.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.BASIC)
        .color_scheme(board.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    )
    _fill(made, about, [Query(query.expr, query.legend, instant=True)])
    return made


def states(about: About, queries: Sequence[Query]) -> statetimeline.Panel:
    """A band for each series, its colour the state."""
    made = (
        statetimeline.Panel()
        .merge_values(True)
        .show_value(look.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(80)
        .line_width(0)
        .color_scheme(board.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    )
    _fill(made, about, queries)
    return made


def against(about: About, across: Query, queries: Sequence[Query]) -> xy.Panel:
    """Values over another value.

    Args:
        about: What it is.
        across: What stands on the horizontal axis.
        queries: What stands on the vertical one.
    """
    made = xy.Panel().mapping(SeriesMapping.AUTO).show(XYShowMode.POINTS)
    _fill(made, about, [across, *queries])
    joined = {"byField": "Time", "mode": "outer"}
    hidden = {"excludeByName": {"Time": True}, "indexByName": {across.legend: 0}}
    made.with_transformation(DataTransformerConfig(id_val="joinByField", options=joined))
    made.with_transformation(DataTransformerConfig(id_val="organize", options=hidden))
    return made


@dataclass(frozen=True)
class Rows:
    """A table.

    Args:
        about: What it is.
        columns: Each from a query of its own, or from a label.
        sort: Title of the column by which rows are sorted, the largest first.
    """

    about: About
    columns: Sequence[Column]
    sort: str = ""

    def panel(self) -> table.Panel:
        """The table, its queries merged by the labels that they share."""
        about = self.about
        made = table.Panel().show_header(True).align(look.FieldTextAlignment.AUTO)
        asked = [column for column in self.columns if column.query]
        _fill(made, about, [Query(column.query) for column in asked], rows=True)
        letters = dict(zip((c.title for c in asked), ascii_uppercase, strict=False))
        # A table of one query calls its value by no letter.
        fields = {
            c.title: c.label or ("Value" if len(asked) == 1 else f"Value #{letters[c.title]}")
            for c in self.columns
        }
        hidden = {"Time": True} | {fields[c.title]: True for c in self.columns if c.hidden}
        order = {fields[c.title]: place for place, c in enumerate(self.columns)}
        names = {fields[c.title]: c.title for c in self.columns}
        options = {"excludeByName": hidden, "indexByName": order, "renameByName": names}
        made.with_transformation(DataTransformerConfig(id_val="merge", options={}))
        made.with_transformation(DataTransformerConfig(id_val="organize", options=options))
        for column in self.columns:
            if column.properties():
                made.override_by_name(column.title, column.properties())
        if self.sort:
            made.sort_by([common.TableSortByFieldState().display_name(self.sort).desc(True)])
        return made


def _fill(made: Made, about: About, queries: Sequence[Query], *, rows: bool = False) -> None:
    """What all kinds of panels share."""
    thresholds = board.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(list(about.steps))
    links: list[Builder[DashboardLink]] = list(about.links)
    made.title(about.title).description(about.text).unit(about.unit).datasource(source())
    made.links(links).thresholds(thresholds).span(about.width).height(about.height)
    made.no_value(about.empty)
    if about.mappings:
        made.mappings(list(about.mappings))
    if about.least is not None:
        made.min(about.least)
    if about.most is not None:
        made.max(about.most)
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        made.with_target(query.target(letter, table=rows))


def panel_of(made: Made | Rows) -> Builder[Panel]:
    """What a dashboard takes."""
    return made.panel() if isinstance(made, Rows) else made
