"""Values from the unit of a source to that of a column."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

from halflife.schemas.errors import MessageError

_SPELLINGS: Final = {
    "\N{DEGREE CELSIUS}": "\N{DEGREE SIGN}C",
    "\N{DEGREE FAHRENHEIT}": "\N{DEGREE SIGN}F",
    "\N{MASCULINE ORDINAL INDICATOR}": "\N{DEGREE SIGN}",
    "\N{OHM SIGN}": "ohm",
    "Ohm": "ohm",
    "r/min": "rpm",
}
"""What controllers write and the library does not read, or reads as something else."""


class Units:
    """Converts values, and refuses units that cannot be those of a column.

    The library knows some thousand units, and is loaded when two are not written alike.

    Example:
        >>> units = Units()
        >>> round(units.convert(25.0, "degC", "K", "t"), 2), units.convert(7.0, "mV", "mV", "u")
        (298.15, 7.0)
    """

    def convert(self, value: float, given: str, due: str, path: str) -> float:
        """A value in the unit that is due.

        Args:
            value: As the source gave it.
            given: Its unit there.
            due: The unit of the column.
            path: Of the cell, for errors.

        Raises:
            MessageError: ``unit`` if one of them is not known, or they measure different things.
        """
        if given.strip() == due.strip():
            return value
        try:
            slope, offset = _line(given.strip(), due.strip())
        except ValueError as error:
            said = f"{error}; the lab file can name it with unit"
            raise MessageError("unit", path, said) from None
        return slope * value + offset


@cache
def _registry() -> Any:
    """All units; reading their definitions takes a quarter of a second."""
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@lru_cache(maxsize=1024)
def _line(given: str, due: str) -> tuple[float, float]:
    """Slope and offset from one unit to the other.

    Raises:
        ValueError: If there are none.
    """
    import pint

    registry = _registry()
    try:
        found = [registry.Quantity(x, _unit(given)).to(_unit(due)) for x in (0, 1)]
    except pint.DimensionalityError:
        raise ValueError(f"the source gives {given!r} where {due!r} is due") from None
    zero, one = (float(each.magnitude) for each in found)
    return one - zero, zero


def _unit(name: str) -> Any:
    """A unit of the registry; ``1`` and no text are no unit.

    Raises:
        ValueError: For what is none.
    """
    written = name
    for found, known in _SPELLINGS.items():
        written = written.replace(found, known)
    try:
        return _registry().Unit("" if written in {"", "1"} else written)
    except Exception:  # noqa: BLE001  # its parser raises whatever Python's tokenizer does
        raise ValueError(f"{name!r} is no unit that is known here") from None
