"""Alarms on the time axis, with the watched columns beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import number_ticks, percent, short, with_unit
from .picture import INK, REAL, SOFT, SYNTHETIC, Picture
from .record_axis import RecordAxis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = ("solid", (0, (4, 2)), (0, (1, 1.5)))


def watched_columns(timeline: Mapping[str, Any], axis: RecordAxis) -> Picture:
    """A panel for each column of the timeline, with alarms and change points on all of them."""
    columns = timeline["columns"]

    def paint(figure: Figure) -> None:
        panels = np.atleast_1d(figure.subplots(len(columns), 1, sharex=True))
        narrow = figure.get_figwidth() * 72 < 500
        for i, (axes, column) in enumerate(zip(panels, columns, strict=True)):
            axis.prepare(axes, labelled=i == len(columns) - 1, ticks=4 if narrow else 8)
            if "levels" in column:
                _levels(axes, column, narrow=narrow)
            else:
                _numbers(axes, column, timeline["records"])
            unit = None if "levels" in column else column["unit"]
            name = with_unit(column["column"], unit, 34)
            title = f"{name}: less what its set-points gave" if column.get("residual") else name
            axes.set_title(title, loc="left", size=11, pad=16 if i == 0 else 6)
            axis.mark(axes, numbered=i == 0, narrow=narrow)

    named = ", ".join(short(column["column"], 40) for column in columns)
    said = "; ".join(
        f"alarm {i} at record {alarm['record']}, changed at about record {alarm['change_point']}"
        for i, alarm in enumerate(axis.alarms[:10], start=1)
    )
    return Picture("watched", f"{named} along the records. {said or 'No alarm'}.", paint)


def _numbers(axes: Axes, column: Mapping[str, Any], records: list[float]) -> None:
    low, median, high = (
        np.array(column[key], dtype=np.float64) for key in ("low", "median", "high")
    )
    axes.fill_between(records, low, high, color=REAL, alpha=0.22, linewidth=0)
    axes.plot(records, median, color=REAL, linewidth=1.5)
    number_ticks(axes, y=3)


def _levels(axes: Axes, column: Mapping[str, Any], *, narrow: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    colours = (REAL, SYNTHETIC, SOFT)
    for (level, shares), colour, style in zip(
        column["levels"].items(), colours, _STYLES, strict=False
    ):
        axes.plot(column["records"], shares, color=colour, linewidth=1.5, linestyle=style)
        if shares:
            axes.text(
                column["records"][-1], shares[-1], f" {short(level, 8 if narrow else 14)}",
                va="center", size=9, color=INK, clip_on=False,
            )  # fmt: skip
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(2))
    axes.yaxis.set_major_formatter(FuncFormatter(percent))
