"""Numbers and changes as a chemist reads them."""

from __future__ import annotations

from halflife.schemas.table import Column


def with_unit(number: str, unit: str) -> str:
    """A number and its unit, which "1" is not.

    Example:
        >>> with_unit("1.5", "bar"), with_unit("1.5", "1")
        ('1.5 bar', '1.5')
    """
    return number if unit == "1" else f"{number} {unit}"


def amount(size: float, column: Column) -> str:
    """A size with its unit, without its sign.

    Example:
        >>> amount(-1.52, Column(name="pressure", unit="bar")), amount(.0312, Column(name="yield"))
        ('1.5 bar', '0.031')
    """
    number = f"{abs(size):.2g}" if abs(size) < 100 else f"{abs(size):.0f}"
    return with_unit(number, column.unit)


def share(part: float) -> str:
    """A share as a percentage.

    Example:
        >>> share(.25), share(.004)
        ('25 %', '0.4 %')
    """
    return f"{100 * part:.2g} %" if part < 0.995 else "100 %"


def change(direction: str, *, wider: bool, size: float, column: Column) -> str:
    """What follows the name of a column that shifts or spreads.

    Example:
        >>> change("up", wider=True, size=1.5, column=Column(name="pressure", unit="bar"))
        'is higher, by about 1.5 bar'
    """
    if direction == "spread":
        return f"scatters {'more' if wider else 'less'} than in the reference"
    return f"is {'higher' if direction == 'up' else 'lower'}, by about {amount(size, column)}"


def duration(seconds: float) -> str:
    """A time that passes, without its sign.

    Example:
        >>> duration(-4.5), duration(300), duration(5400), duration(400_000), duration(0.02)
        ('4.5 s', '5 min', '1.5 h', '4.6 days', '0.02 s')
    """
    for unit, length in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= (1.5 if unit != "min" else 2.0) * length:
            return f"{abs(seconds) / length:.2g} {unit}"
    return f"{abs(seconds):.2g} s"
