"""Predicted against measured, by models of the batch and of real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .axes import number_ticks, percent, plain, short, with_unit
from .picture import LINE, REAL, SOFT, SYNTHETIC, SYNTHETIC_TEXT, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE: Final = (440, 250)
_SIDES: Final = (
    ("batch", "trained on the batch", SYNTHETIC),
    ("real", "trained on real rows", REAL),
)


def prediction_plot(task: dict[str, Any], name: str) -> Picture:
    """One task of the result: a point a row, or for classes the share that is told right."""
    if task["kind"] == "number":
        return _numbers(task, name)
    return _levels(task, name)


def _numbers(task: dict[str, Any], name: str) -> Picture:
    points = np.array(task["points"], dtype=np.float64)
    known = points[np.isfinite(points)]
    ends = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = 0.04 * (ends[1] - ends[0]) or 0.5
    span = (ends[0] - margin, ends[1] + margin)

    def paint(figure: Figure) -> None:
        both = figure.subplots(1, 2, sharex=True, sharey=True)
        for i, (axes, side) in enumerate(zip(both, _SIDES, strict=True), start=1):
            key, title, colour = side
            said = SYNTHETIC_TEXT if colour == SYNTHETIC else colour
            axes.set_title(title, color=said, size=11, loc="left")
            axes.plot(span, span, color=LINE, linewidth=1.2)
            axes.plot(
                points[:, 0], points[:, i], "o", markersize=3.4, color=colour, alpha=0.5,
                markeredgewidth=0,
            )  # fmt: skip
            _error(axes, task["error"][key], task["unit"])
            axes.set(xlim=span, ylim=span)
            number_ticks(axes, x=5, y=5)
            axes.set_xlabel(with_unit("measured", task["unit"]))
        both[0].set_ylabel(with_unit("predicted", task["unit"]))
        both[1].tick_params(labelleft=False)

    return Picture(name, f"{_words(task)} Mean absolute errors: {_errors(task, plain)}.", paint)


def _error(axes: Axes, error: float, unit: str) -> None:
    said = f"mean error {error:.3g}" + ("" if unit in {"", "1"} else f" {short(unit, 10)}")
    axes.text(0.04, 0.94, said, transform=axes.transAxes, va="top", size=10, color=SOFT)


def _levels(task: dict[str, Any], name: str) -> Picture:
    levels = task["levels"]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for i, level in enumerate(levels):
            axes.plot([level["batch"], level["real"]], [i, i], color=LINE, linewidth=2, zorder=1)
            axes.plot([level["real"]], [i], "o", markersize=8, color=REAL, alpha=0.6)
            axes.plot(
                [level["batch"]], [i], "o", markersize=8, color=SYNTHETIC, markeredgewidth=1.8,
                markerfacecolor="none",
            )  # fmt: skip
        axes.set_yticks(range(len(levels)), [short(each["level"], 18) for each in levels])
        axes.set_ylim(len(levels) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(-0.03, 1.03)
        axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
        axes.set_xlabel("rows of the class that are predicted right")

    return Picture(name, f"{_words(task)} Shares that are wrong: {_errors(task, percent)}.", paint)


def _words(task: dict[str, Any]) -> str:
    return f"{short(task['target'], 60)}, predicted against measured at {task['rows']} real rows."


def _errors(task: dict[str, Any], say: Any) -> str:
    error = task["error"]
    return (
        f"trained on the batch {say(error['batch'])}, on real rows {say(error['real'])}, "
        f"a constant guess {say(error['constant'])}"
    )
