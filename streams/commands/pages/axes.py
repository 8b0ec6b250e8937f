"""Words and numbers on axes: units, round ticks, names that are not too long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from halflife.streams.commands.output import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def short(text: str, most: int = 22) -> str:
    """A name that fits, without control characters.

    Example:
        >>> short("a name that is far too long", 12)
        'a name that…'
    """
    text = printable(" ".join(text.split()))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def with_unit(name: str, unit: str | None, most: int = 30) -> str:
    """A quantity as axes name it.

    Example:
        >>> with_unit("pressure", "kPa"), with_unit("share", "1")
        ('pressure / kPa', 'share')
    """
    named = short(name, most)
    return named if unit in {None, "", "1"} else f"{named} / {short(str(unit), 12)}"


def plain(value: float, _place: Any = None) -> str:
    """A number as people write it.

    Example:
        >>> plain(150000.0), plain(-0.25), plain(3e-7)
        ('150,000', '−0.25', '3e−07')
    """
    if not math.isfinite(value):
        return "–"
    large = 1e4 <= abs(value) < 1e7
    text = f"{value:,.0f}" if large and value == round(value) else f"{value:.4g}"
    return text.replace("-", "−").replace("e+", "e")


def percent(value: float, _place: Any = None) -> str:
    """A share of rows.

    Example:
        >>> percent(0.25), percent(0.004)
        ('25 %', '0.4 %')
    """
    return f"{100 * value:.3g} %"


def number_ticks(axes: Axes, *, x: int | None = None, y: int | None = None) -> None:
    """At most about so many round numbers on an axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis, most in ((axes.xaxis, x), (axes.yaxis, y)):
        if most is not None:
            axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(FuncFormatter(plain))


def share_ticks(axes: Axes, most: int = 3) -> None:
    """Percentages on the vertical axis, from 0."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(most))
    axes.yaxis.set_major_formatter(FuncFormatter(percent))


def level_ticks(axes: Axes, levels: list[str], *, on: str = "y", most: int = 18) -> None:
    """Names of levels at 0, 1, 2, ... of an axis."""
    names = [short(level, most) for level in levels]
    if on == "y":
        axes.set_yticks(range(len(levels)), names)
        axes.set_ylim(len(levels) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_xticks(range(len(levels)), names, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.5, len(levels) - 0.5)
        axes.tick_params(axis="x", length=0)
