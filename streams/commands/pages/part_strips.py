"""The parts of the fidelity, each on the band that real samples reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .picture import BAND, INK, LINE, SOFT, SYNTHETIC, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def part_strips(parts: dict[str, float | None], bands: dict[str, Any]) -> Picture:
    """A strip from 0 to 1 for each part, with its value and where 95 % of real samples lie."""
    known = [name for name, value in parts.items() if value is not None]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for i, name in enumerate(known):
            value, band = parts[name] or 0.0, bands[name]
            axes.plot([0, 1], [i, i], color=LINE, linewidth=1, zorder=1)
            axes.barh(i, band[1] - band[0], 0.5, left=band[0], color=BAND, zorder=2)
            inside = value >= band[0]
            axes.plot(
                [value], [i], "o", markersize=9, color=SYNTHETIC, zorder=3,
                markerfacecolor=SYNTHETIC if not inside else "none", markeredgewidth=2,
            )  # fmt: skip
            axes.text(value, i - 0.36, f"{value:.2f}", ha="center", size=11, color=INK)
        axes.set_yticks(range(len(known)), known)
        axes.set_ylim(len(known) - 0.5, -0.7)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        axes.set_xlabel("fidelity")
        axes.tick_params(axis="y", length=0, labelsize=12, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_color(SOFT)

    words = "; ".join(
        f"{name} {parts[name]:.2f}, real samples reach {bands[name][0]:.2f} or more"
        for name in known
    )
    return Picture("parts", f"Fidelity by part: {words}.", paint)
