"""Dependence of every two columns as maps: real, synthetic, and what is between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .axes import distinct, hundredths
from .picture import INK, SOFT, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE: Final = (360, 390)
_NUMBERS: Final = 8  # columns up to which each cell tells its number
_POSITIVE: Final = (0.0, 0.447, 0.698)  # Okabe and Ito's blue: apart from vermilion for all eyes
_NEGATIVE: Final = (0.835, 0.369, 0.0)


def pair_maps(dependence: dict[str, Any]) -> dict[str, Picture]:
    """Three pictures: ``real``, ``synthetic`` and ``difference`` (synthetic minus real)."""
    sides = {key: _matrix(dependence[key]) for key in ("real", "synthetic")}
    apart = sides["synthetic"] - sides["real"]
    reach = float(np.nanmax(np.abs(apart))) if np.isfinite(apart).any() else 1.0
    # Wide enough that what is noise looks pale.
    limit = max(0.1, np.ceil(10 * max(reach, 2.0 * (dependence["noise"] or 0.0))) / 10)
    names = dependence["columns"]
    return {
        "real": _map("real", names, sides["real"], 1.0),
        "synthetic": _map("synthetic", names, sides["synthetic"], 1.0),
        "difference": _map("difference", names, apart, limit),
    }


def _matrix(rows: list[list[float | None]]) -> Any:
    return np.array(rows, dtype=np.float64)


def _map(kind: str, names: list[str], matrix: Any, limit: float) -> Picture:
    """Colours of equal strength by their opacity, so that nothing is the page itself."""
    strength = np.nan_to_num(np.clip(np.abs(matrix) / limit, 0.0, 1.0))
    hue = np.where(np.nan_to_num(matrix)[:, :, None] >= 0.0, _POSITIVE, _NEGATIVE)
    pixels = np.dstack([hue, strength])

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.imshow(pixels, interpolation="none", aspect="equal")
        size = 11 if len(names) <= _NUMBERS else 8
        labels = distinct(names, 14)
        axes.set_xticks(range(len(names)), labels, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), labels)
        axes.tick_params(length=0, labelsize=size, labelcolor=SOFT)
        if len(names) <= _NUMBERS:
            for i, row in enumerate(matrix):
                for j, value in enumerate(row):
                    if i != j:
                        _number(axes, i, j, value)
        for spine in axes.spines.values():
            spine.set_visible(False)
        _scale(axes, limit)

    largest = np.nan_to_num(np.abs(np.triu(matrix, 1)))
    i, j = np.unravel_index(int(largest.argmax()), largest.shape)
    words = (
        f"Map of the dependence of {len(names)} columns, {kind}. Strongest: {names[i]} and "
        f"{names[j]}, {matrix[i, j]:.2f}."
    )
    return Picture(f"map-{kind}", words, paint)


def _number(axes: Axes, i: int, j: int, value: float) -> None:
    said = "–" if not np.isfinite(value) else hundredths(value).replace("0.", ".")
    axes.text(j, i, said, ha="center", va="center", size=10, color=INK)


def _scale(axes: Axes, limit: float) -> None:
    values = np.linspace(-limit, limit, 101)
    hue = np.where(values[:, None] >= 0.0, _POSITIVE, _NEGATIVE)
    pixels = np.column_stack([hue, np.abs(values) / limit])[None]
    inset = axes.inset_axes((0.0, 1.03, 1.0, 0.022))
    inset.imshow(pixels, aspect="auto", interpolation="none", extent=(-limit, limit, 0, 1))
    inset.set_yticks([])
    inset.set_xticks([-limit, 0, limit], [f"−{limit:g}", "0", f"+{limit:g}"])
    inset.xaxis.tick_top()
    inset.tick_params(length=0, labelsize=9, pad=1)
    for spine in inset.spines.values():
        spine.set_visible(False)
