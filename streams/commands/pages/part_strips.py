"""The parts of the fidelity, each on the band that real samples reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .picture import BAND, INK, LINE, SOFT, SYNTHETIC, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_HALF: Final = 0.5
_STEPS: Final = 5


def part_strips(parts: dict[str, float | None], bands: dict[str, Any]) -> Picture:
    """A strip from 0 to 1 for each part, with its value and where 95 % of real samples lie."""
    known = [name for name, value in parts.items() if value is not None]
    lowest = min([1.0, *(min(parts[name] or 0.0, bands[name][0]) for name in known)])
    start = 0.0 if lowest < _HALF else _HALF

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for i, name in enumerate(known):
            value, band = parts[name] or 0.0, bands[name]
            axes.plot([start, 1], [i, i], color=LINE, linewidth=1, zorder=1)
            axes.barh(i, band[1] - band[0], 0.5, left=band[0], color=BAND, zorder=2)
            inside = value >= band[0]
            axes.plot(
                [value], [i], "o", markersize=9, color=SYNTHETIC, zorder=3,
                markerfacecolor=SYNTHETIC if not inside else "none", markeredgewidth=2,
            )  # fmt: skip
            axes.text(value, i - 0.36, f"{value:.2f}", ha="center", size=11, color=INK)
        axes.set_yticks(range(len(known)), known)
        axes.set_ylim(len(known) - 0.5, -0.7)
        axes.set_xlim(start - 0.02 * (1 - start), 1 + 0.02 * (1 - start))
        ticks = [start + k * (1 - start) / _STEPS for k in range(_STEPS + 1)]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("fidelity")
        axes.tick_params(axis="y", length=0, labelsize=12, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_color(SOFT)

    words = "; ".join(
        f"{name} {parts[name]:.2f}, real samples reach {bands[name][0]:.2f} or more"
        for name in known
    )
    return Picture("parts", f"Fidelity by part: {words}.", paint)
