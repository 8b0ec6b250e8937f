"""A column real against synthetic: real rows filled, synthetic rows as an outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .axes import level_ticks, number_ticks, percent, plain, share_ticks, short, with_unit
from .picture import REAL, SOFT, SYNTHETIC, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE: Final = (330, 190)
_BAR: Final = 0.38


def distribution(column: dict[str, Any], name: str) -> Picture:
    """Both distributions of a column of the result.

    Args:
        column: With its ``shape``.
        name: Of the picture.
    """
    shape = column["shape"]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if not shape.get("edges") and not shape.get("values") and not shape.get("levels"):
            axes.set_axis_off()
            axes.text(0.5, 0.5, "every cell is missing", ha="center", color=SOFT)
        elif "levels" in shape:
            _levels(axes, shape)
        else:
            (_bins if "edges" in shape else _values)(axes, shape)
            axes.set_xlabel(with_unit(column["column"], column["unit"]))
            share_ticks(axes)

    return Picture(name, _words(column), paint)


def _bins(axes: Axes, shape: dict[str, Any]) -> None:
    axes.stairs(shape["real"], shape["edges"], fill=True, color=REAL, alpha=0.35, linewidth=0)
    axes.stairs(shape["synthetic"], shape["edges"], color=SYNTHETIC, linewidth=1.6)
    number_ticks(axes, x=5)


def _values(axes: Axes, shape: dict[str, Any]) -> None:
    places = range(len(shape["values"]))
    axes.bar([i - _BAR / 2 for i in places], shape["real"], _BAR, color=REAL, alpha=0.45)
    axes.bar(
        [i + _BAR / 2 for i in places],
        shape["synthetic"],
        _BAR * 0.86,
        color="none",
        edgecolor=SYNTHETIC,
        linewidth=1.6,
    )
    axes.set_xticks(places, [plain(value) for value in shape["values"]])
    crowded = sum(len(plain(value)) + 2 for value in shape["values"]) > 44
    if crowded:
        axes.tick_params(axis="x", labelrotation=45)


def _levels(axes: Axes, shape: dict[str, Any]) -> None:
    levels = [*shape["levels"], *([f"{shape['others']} others"] if shape["others"] else [])]
    places = range(len(levels))
    most = max([1e-9, *shape["real"], *shape["synthetic"]])
    axes.barh([i - _BAR / 2 for i in places], shape["real"], _BAR, color=REAL, alpha=0.45)
    axes.barh(
        [i + _BAR / 2 for i in places],
        shape["synthetic"],
        _BAR * 0.86,
        color="none",
        edgecolor=SYNTHETIC,
        linewidth=1.6,
    )
    for i, pair in enumerate(zip(shape["real"], shape["synthetic"], strict=True)):
        for value, place in zip(pair, (i - _BAR / 2, i + _BAR / 2), strict=True):
            axes.text(value + most / 60, place, percent(value), va="center", size=8, color=SOFT)
    axes.set_xlim(0.0, most * 1.18)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    level_ticks(axes, levels)


def _words(column: dict[str, Any]) -> str:
    said = f"Distribution of {short(column['column'], 60)}, real and synthetic."
    if column.get("distance") is not None:
        said += f" Distance {column['distance']:.3f} ({column['measure']})."
    sides = [column["real"], column["synthetic"]]
    if all("mean" in side for side in sides):
        said += (
            f" Means {plain(sides[0]['mean'])} and {plain(sides[1]['mean'])}, standard deviations "
            f"{plain(sides[0]['sd'])} and {plain(sides[1]['sd'])}."
        )
    return said
