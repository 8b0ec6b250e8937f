"""Words and numbers on axes: units, round ticks, names that are not too long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from halflife.streams.commands.output import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def short(text: str, most: int = 22) -> str:
    """A name that fits, without control characters; of a long one both ends are kept.

    Example:
        >>> short("a name that is far too long", 12)
        'a name…long'
    """
    text = printable(" ".join(text.split()))
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"


def with_unit(name: str, unit: str | None, most: int = 30) -> str:
    """A quantity as axes name it.

    Example:
        >>> with_unit("pressure", "kPa"), with_unit("share", "1")
        ('pressure / kPa', 'share')
    """
    named = short(name, most)
    return named if unit in {None, "", "1"} else f"{named} / {short(str(unit), 12)}"


def plain(value: float | None, _place: Any = None) -> str:
    """A number as people write it, a dash for none.

    Example:
        >>> plain(150000.0), plain(-0.25), plain(3e-7), plain(None)
        ('150,000', '−0.25', '3e−07', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    large = 1e4 <= abs(value) < 1e7
    text = f"{value:,.0f}" if large and value == round(value) else f"{value:.4g}"
    return text.replace("-", "−").replace("e+", "e")


def chance(p_value: float | None) -> str:
    """A p-value, a dash for none.

    Example:
        >>> chance(0.0312), chance(1e-9), chance(None)
        ('0.031', '< 0.001', '–')
    """
    if p_value is None:
        return "–"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def hundredths(value: float) -> str:
    """A number between -1 and 1 with two digits.

    Example:
        >>> hundredths(-0.354), hundredths(-0.001)
        ('−0.35', '0.00')
    """
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def percent(value: float, _place: Any = None) -> str:
    """A share of rows, or of anything else.

    Example:
        >>> percent(0.25), percent(0.0041), percent(-1.7949)
        ('25 %', '0.41 %', '−179 %')
    """
    digits = f"{100 * value:.0f}" if abs(value) >= 0.1 else f"{100 * value:.2g}"
    return f"{digits} %".replace("-", "−")


def number_ticks(
    axes: Axes,
    *,
    x: int | None = None,
    y: int | None = None,
    whole: tuple[bool, bool] = (False, False),
) -> None:
    """At most about so many round numbers on an axis; whole ones where that is said."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis, most, integer in ((axes.xaxis, x, whole[0]), (axes.yaxis, y, whole[1])):
        if most is not None:
            locator = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=integer)
            axis.set_major_locator(locator)
            axis.set_major_formatter(FuncFormatter(plain))


def share_ticks(axes: Axes, most: int = 3) -> None:
    """Percentages on the vertical axis, from 0."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(most))
    axes.yaxis.set_major_formatter(FuncFormatter(percent))


def distinct(names: list[str], most: int) -> list[str]:
    """Names that fit and are still told apart: those that would look the same get a number.

    Example:
        >>> distinct(["CC(=O)C-1-CCCO", "CC(=O)C-2-CCCO"], 8)
        ['CC(=O…CO 1', 'CC(=O…CO 2']
    """
    fitting = [short(name, most) for name in names]
    seen: dict[str, int] = {}
    told = []
    for name in fitting:
        seen[name] = seen.get(name, 0) + 1
        told.append(f"{name} {seen[name]}" if fitting.count(name) > 1 else name)
    return told


def level_ticks(axes: Axes, levels: list[str], *, on: str = "y", most: int = 18) -> None:
    """Names of levels at 0, 1, 2, ... of an axis."""
    names = distinct(levels, most)
    if on == "y":
        axes.set_yticks(range(len(levels)), names)
        axes.set_ylim(len(levels) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_xticks(range(len(levels)), names, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.5, len(levels) - 0.5)
        axes.tick_params(axis="x", length=0)
