"""Distributions as inline SVG: real rows filled, synthetic rows as an outline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Column, FloatArray, ObjectArray

WIDTH: Final = 340
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 42
_FEW: Final = 12  # distinct values that get a pair of bars each
_LEVELS: Final = 8  # categories shown by name
_NAME: Final = 14  # characters of a category


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two, at most about so many, 1, 2 or 5 times a power of ten apart.

    Example:
        >>> ticks(0.0, 1.0)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        >>> ticks(3.0, 3.0)
        [3.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def draw_numbers(column: Column, real: FloatArray, synthetic: FloatArray) -> str:
    """Both distributions of a numeric column: a histogram, or bars where values are few.

    Args:
        column: Which.
        real: Shape (n,); NaN is left out.
        synthetic: Shape (m,); NaN is left out.
    """
    real, synthetic = real[np.isfinite(real)], synthetic[np.isfinite(synthetic)]
    pooled = np.concatenate([real, synthetic])
    if not len(pooled):
        return _frame(column.name, "", "every cell is missing")
    label = column.name + ("" if column.unit == "1" else f" / {column.unit}")
    values = np.unique(pooled)
    if len(values) <= _FEW:
        shares = [_shares((side[:, None] == values).sum(axis=0)) for side in (real, synthetic)]
        return _frame(column.name, _value_bars(values, shares, label))
    edges = _edges(pooled)
    shares = [_shares(np.histogram(side, edges)[0]) for side in (real, synthetic)]
    plot = _Plot(float(edges[0]), float(edges[-1]), max(1e-9, *(s.max() for s in shares)))
    body = [
        plot.axes(label, {value: f"{value:g}" for value in ticks(plot.low, plot.high)}),
        f'<path class="real" d="{plot.steps(edges, shares[0], closed=True)}"/>',
        f'<path class="synthetic" d="{plot.steps(edges, shares[1], closed=False)}"/>',
    ]
    return _frame(column.name, "".join(body))


def draw_categories(column: Column, real: ObjectArray, synthetic: ObjectArray) -> str:
    """The shares of the commonest levels of a category, real and synthetic side by side."""
    sides = [[str(cell) for cell in side if cell is not None] for side in (real, synthetic)]
    if not any(sides):
        return _frame(column.name, "", "every cell is missing")
    levels = sorted(set(sides[0]) | set(sides[1]), key=lambda k: (-sides[0].count(k), k))
    shown = levels if len(levels) <= _LEVELS else levels[: _LEVELS - 1]
    counts = [[side.count(level) for level in shown] for side in sides]
    if len(shown) < len(levels):
        for side, count in zip(sides, counts, strict=True):
            count.append(len(side) - sum(count))
        shown = [*shown, f"{len(levels) - len(shown)} others"]
    shares = [_shares(np.array(count)) for count in counts]
    return _frame(column.name, _level_bars(shown, shares))


class _Plot:
    """A frame with axes: data in, places in the picture out."""

    def __init__(self, low: float, high: float, top: float) -> None:
        self.low, self.high = low, high if high > low else low + 1.0
        self.top = top * 1.05

    def x(self, value: float) -> float:
        inside = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + inside * (value - self.low) / (self.high - self.low), 1)

    def y(self, share: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share / self.top, 1)

    def steps(self, edges: FloatArray, shares: FloatArray, *, closed: bool) -> str:
        """A histogram as a path."""
        path = [f"M{self.x(edges[0])} {self.y(0.0)}"]
        for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
            path.append(f"L{self.x(left)} {self.y(share)}L{self.x(right)} {self.y(share)}")
        path.append(f"L{self.x(edges[-1])} {self.y(0.0)}")
        return "".join(path) + ("Z" if closed else "")

    def axes(self, label: str, places: Mapping[float, str]) -> str:
        """Both axes: what is written at which values below, shares of the rows at the left."""
        floor = self.y(0.0)
        parts = [f'<path class="axis" d="M{_LEFT} {floor}H{WIDTH - _RIGHT}"/>']
        for value, said in places.items():
            place = self.x(value)
            parts.append(f'<path class="axis" d="M{place} {floor}v4"/>')
            parts.append(_text(place, floor + 16, said, "middle"))
        for share in ticks(0.0, self.top, 3):
            parts.append(f'<path class="rule" d="M{_LEFT} {self.y(share)}H{WIDTH - _RIGHT}"/>')
            said = f"{100 * share:g}%"
            parts.append(_text(_LEFT - 6, self.y(share) + 4, said, "end"))
        parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, label, "middle", "label"))
        return "".join(parts)


def _value_bars(values: FloatArray, shares: Sequence[FloatArray], label: str) -> str:
    """A pair of bars for each value, evenly apart however far apart the values are."""
    plot = _Plot(-0.5, len(values) - 0.5, max(1e-9, *(s.max() for s in shares)))
    parts = [plot.axes(label, {float(i): f"{value:.4g}" for i, value in enumerate(values)})]
    bar = min(16.0, (plot.x(1.0) - plot.x(0.0)) * 0.38)
    for side, share, left in (("real", shares[0], -bar), ("synthetic", shares[1], 0.0)):
        for i, height in enumerate(share):
            top = plot.y(float(height))
            parts.append(
                f'<rect class="{side}" x="{plot.x(float(i)) + left:.1f}" y="{top}" '
                f'width="{bar:.1f}" height="{plot.y(0.0) - top:.1f}"/>'
            )
    return "".join(parts)


def _level_bars(levels: Sequence[str], shares: Sequence[FloatArray]) -> str:
    """A pair of bars for each level, its name at the left, shares at their ends."""
    left, room = 118, WIDTH - 118 - 44
    height = (HEIGHT - _TOP - 8) / len(levels)
    bar = min(16.0, height / 2 - 1.5)
    top = max(1e-9, *(s.max() for s in shares))
    parts = []
    for i, level in enumerate(levels):
        middle = _TOP + height * (i + 0.5)
        name = level if len(level) <= _NAME else level[: _NAME - 1] + "…"
        parts.append(_text(left - 8, middle + 4, name, "end"))
        for side, share, place in (("real", shares[0][i], -bar), ("synthetic", shares[1][i], 0.0)):
            width = round(room * float(share) / top, 1)
            parts.append(
                f'<rect class="{side}" x="{left}" y="{middle + place:.1f}" '
                f'width="{width}" height="{bar:.1f}"/>'
            )
            end = middle + place + bar / 2 + 3
            parts.append(_text(left + width + 4, end, f"{100 * share:.0f}%", "start", "small"))
    return "".join(parts)


def _edges(pooled: FloatArray) -> FloatArray:
    """Edges of 12 to 48 bins of equal width over the whole range (Freedman and Diaconis)."""
    count = int(np.clip(len(np.histogram_bin_edges(pooled, "fd")) - 1, 12, 48))
    return np.linspace(pooled.min(), pooled.max(), count + 1)


def _shares(counts: NDArray[np.int_]) -> FloatArray:
    return np.asarray(counts / max(1, counts.sum()), dtype=np.float64)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _frame(name: str, body: str, said: str = "") -> str:
    """The picture, with a description for who cannot see it."""
    if said:
        body = _text(WIDTH / 2, HEIGHT / 2, said, "middle", "label")
    title = escape(f"Distribution of {name}, real and synthetic")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{body}</svg>"
    )
