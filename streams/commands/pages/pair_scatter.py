"""Two columns in real and in synthetic rows, side by side on the same axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .axes import level_ticks, number_ticks, with_unit
from .picture import REAL, SYNTHETIC, SYNTHETIC_TEXT, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE: Final = (440, 250)
_GOLDEN: Final = 0.6180339887498949
_LARGEST: Final = 420.0  # area of a balloon, square points


def pair_scatter(pair: Mapping[str, Any], units: Mapping[str, str], name: str) -> Picture:
    """One pair of the result.

    Args:
        pair: With its ``columns``, their dependence on both sides, and ``points``.
        units: Of the columns by name.
        name: Of the picture.
    """
    points, (x, y) = pair["points"], pair["columns"]
    turned = "x_levels" in points and "y_levels" not in points  # names are read at the left
    if turned:
        x, y = y, x

    def paint(figure: Figure) -> None:
        both = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, key, colour in zip(both, ("real", "synthetic"), (REAL, SYNTHETIC), strict=True):
            said = SYNTHETIC_TEXT if colour == SYNTHETIC else colour
            axes.set_title(key, color=said, size=11, loc="left")
            if "x_levels" in points and "y_levels" in points:
                _balloons(axes, points, key, colour)
            else:
                _dots(axes, points, key, colour, turned=turned)
            axes.set_xlabel(with_unit(x, units.get(x), 20))
        both[0].set_ylabel(with_unit(y, units.get(y), 24))
        both[1].tick_params(labelleft=False)

    words = (
        f"{x} against {y}, real and synthetic rows side by side. {pair['measure']}: real "
        f"{pair['real']:.2f}, synthetic {pair['synthetic']:.2f}."
    )
    return Picture(name, words, paint)


def _dots(axes: Axes, points: Any, key: str, colour: str, *, turned: bool) -> None:
    cells = np.array(points[key], dtype=np.float64).reshape(-1, 2)
    if turned:
        cells = cells[:, ::-1]
    levels = points.get("x_levels" if turned else "y_levels")
    y = cells[:, 1]
    if levels is not None:
        y = y + 0.5 * (np.arange(len(y)) * _GOLDEN % 1.0 - 0.5)
    axes.plot(
        cells[:, 0], y, "o", markersize=3.4, color=colour, alpha=0.45, markeredgewidth=0,
        clip_on=False,
    )  # fmt: skip
    both = [row for side in ("real", "synthetic") for row in points[side]]
    whole = [all(row[k] == round(row[k]) for row in both) for k in (turned, not turned)]
    number_ticks(axes, x=5, y=None if levels is not None else 5, whole=(whole[0], whole[1]))
    if levels is not None:
        level_ticks(axes, levels, most=14)


def _balloons(axes: Axes, points: Any, key: str, colour: str) -> None:
    shares = np.array(points[key], dtype=np.float64)
    largest = max(1e-9, *(np.max(points[side]) for side in ("real", "synthetic")))
    i, j = np.nonzero(shares > 0)
    axes.scatter(i, j, s=_LARGEST * shares[i, j] / largest, color=colour, alpha=0.5, linewidths=0)
    level_ticks(axes, points["y_levels"], most=14)
    level_ticks(axes, points["x_levels"], on="x", most=12)
