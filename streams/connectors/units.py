"""Values from the unit of a source to that of a column."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from halflife.schemas.errors import MessageError


class Units:
    """Converts values, and refuses units that cannot be those of a column.

    The library knows some thousand units, and is loaded when two are not written alike.

    Example:
        >>> units = Units()
        >>> round(units.convert(25.0, "degC", "K", "t"), 2), units.convert(7.0, "mV", "mV", "u")
        (298.15, 7.0)
    """

    def __init__(self) -> None:
        self._registry: Any = None
        self._factors = lru_cache(maxsize=1024)(self._line)

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
            slope, offset = self._factors(given.strip(), due.strip())
        except ValueError as error:
            raise MessageError(
                "unit", path, f"{error}; the lab file can name it with unit"
            ) from None
        return slope * value + offset

    def _line(self, given: str, due: str) -> tuple[float, float]:
        """Slope and offset from one unit to the other.

        Raises:
            ValueError: If there are none.
        """
        import pint

        if self._registry is None:
            self._registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
        try:
            found = [
                self._registry.Quantity(x, self._unit(given)).to(self._unit(due)) for x in (0, 1)
            ]
        except pint.DimensionalityError:
            raise ValueError(f"the source gives {given!r} where {due!r} is due") from None
        zero, one = (float(each.magnitude) for each in found)
        return one - zero, zero

    def _unit(self, name: str) -> Any:
        """A unit of the registry; ``1`` and no text are no unit."""
        import pint

        try:
            return self._registry.Unit("" if name in {"", "1"} else name)
        except (pint.UndefinedUnitError, pint.errors.DefinitionSyntaxError, ValueError):
            pass
        except Exception as error:  # its parser raises what Python's tokenizer does
            raise ValueError(f"{name!r} is no unit: {type(error).__name__}") from error
        raise ValueError(f"{name!r} is no unit that is known here")
