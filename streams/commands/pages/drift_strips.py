"""How near each kind of drift came to its alarm, along the records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import number_ticks, percent
from .picture import INK, REAL, Picture
from .record_axis import RecordAxis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def drift_strips(drift: Mapping[str, Any], axis: RecordAxis) -> Picture:
    """A strip for each kind: its statistic and its threshold, in nats.

    Args:
        drift: Of the result.
        axis: The records, and the alarms, whose own statistics are drawn too.
    """
    kinds = drift["kinds"]

    def paint(figure: Figure) -> None:
        strips = np.atleast_1d(figure.subplots(len(kinds), 1, sharex=True))
        narrow = figure.get_figwidth() * 72 < 500
        for i, (axes, (kind, lines)) in enumerate(zip(strips, kinds.items(), strict=True)):
            axis.prepare(axes, labelled=i == len(kinds) - 1, ticks=4 if narrow else 8)
            _strip(axes, drift["records"], lines, [a for a in axis.alarms if a["kind"] == kind])
            axes.set_title(kind, loc="left", size=11, pad=3)
        strips[len(strips) // 2].set_ylabel("evidence / nats")

    nearest = "; ".join(f"{kind} {percent(_nearest(lines))}" for kind, lines in kinds.items())
    words = f"Evidence for drift by kind; nearest to the threshold it came to: {nearest}."
    return Picture("drift", words, paint)


def _strip(axes: Axes, records: list[int], lines: Mapping[str, Any], alarms: list[Any]) -> None:
    statistic = np.array(lines["statistic"], dtype=np.float64)
    threshold = np.array(lines["threshold"], dtype=np.float64)
    axes.plot(records, threshold, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
    for alarm in alarms:
        axes.plot(
            [alarm["record"]], [min(alarm["statistic"], 2.0 * alarm["threshold"])], "o",
            color=INK, markersize=6, clip_on=False, zorder=4,
        )  # fmt: skip
    axes.plot(records, statistic, color=REAL, linewidth=1.4)
    axes.fill_between(records, 0.0, np.maximum(statistic, 0.0), color=REAL, alpha=0.18, linewidth=0)
    known = threshold[np.isfinite(threshold)]
    top = 1.35 * float(known.max()) if len(known) else 1.0
    axes.set_ylim(min(0.0, float(np.nanmin(statistic, initial=0.0))), top)
    number_ticks(axes, y=2)


def _nearest(lines: Mapping[str, Any]) -> float:
    """The largest share of the threshold that was reached where it was noted."""
    shares = [
        s / t
        for s, t in zip(lines["statistic"], lines["threshold"], strict=True)
        if s is not None and t
    ]
    return max(shares, default=0.0)
