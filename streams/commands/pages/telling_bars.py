"""The columns by which a classifier tells real from synthetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .axes import number_ticks, short
from .picture import INK, LINE, SOFT, SYNTHETIC, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def telling_bars(telling: dict[str, Any]) -> Picture:
    """By how much the classifier is worse without a column, with its interval."""
    columns = telling["columns"]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(0.0, color=LINE, linewidth=1)
        for i, each in enumerate(columns):
            colour = SYNTHETIC if each["beyond_noise"] else SOFT
            axes.plot(each["interval"], [i, i], color=colour, linewidth=1.6)
            axes.plot(
                [each["drop"]], [i], "o", markersize=7, color=colour, markeredgewidth=1.6,
                markerfacecolor=colour if each["beyond_noise"] else "none",
            )  # fmt: skip
        axes.set_yticks(range(len(columns)), [short(each["column"]) for each in columns])
        axes.set_ylim(len(columns) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("area lost when the column is shuffled (95 % interval)")
        number_ticks(axes, x=5)

    told = "; ".join(
        f"{short(each['column'], 40)} {each['drop']:.3f}"
        + ("" if each["beyond_noise"] else " (noise)")
        for each in columns
    )
    return Picture("telling", f"Area that a classifier loses without a column: {told}.", paint)
