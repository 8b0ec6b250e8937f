"""What a value of an experiment is in JSON: a number, a text or null."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from enum import Enum

from .unsendable import Unsendable

Cell = float | int | str | None

_MISSING = {"NaTType", "NAType", "MaskedConstant"}
"""Names of what pandas and numpy write for a missing value: neither is imported to ask."""


def cell_of(value: object, path: str) -> Cell:
    """The cell of a value.

    Args:
        value: A number, text or time of Python, numpy or pandas; missing ones become null.
        path: Where it stands, for messages.

    Raises:
        Unsendable: For everything else, infinite numbers among it.

    Example:
        >>> cell_of(0.5, "values.x"), cell_of(float("nan"), "values.x"), cell_of(True, "values.x")
        (0.5, None, 1)
        >>> cell_of([1, 2], "values.x")
        Traceback (most recent call last):
        halflife.streams.client.unsendable.Unsendable: values.x: one number, text or time is due,
        not list: [1, 2]
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or type(value).__name__ in _MISSING:
        return None
    if isinstance(value, float | Decimal):
        missing = value.is_nan() if isinstance(value, Decimal) else math.isnan(value)
        return None if missing else _finite(float(value), path)
    if isinstance(value, int):
        return int(value)  # a bool is one too: what a column of numbers takes
    if isinstance(value, str):
        return str.__str__(value)
    return value.isoformat() if isinstance(value, date) else _foreign(value, path)


def _foreign(value: object, path: str) -> Cell:
    """A scalar of numpy or of something that is like one."""
    if hasattr(value, "units") or hasattr(value, "unit"):
        raise Unsendable(
            "wrong-type", path, f"a number without a unit is due, not {_shown(value)}: convert it"
        )
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind == "M":
        text = str(value)
        return None if text == "NaT" else text
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        inner = value.item()
        if isinstance(inner, float | int | str):
            return cell_of(inner, path)
    elif hasattr(type(value), "__float__") and not hasattr(type(value), "__len__"):
        return _finite(float(value), path)  # type: ignore[arg-type]  # looked at just now
    raise Unsendable("wrong-type", path, f"one number, text or time is due, not {_shown(value)}")


def _finite(number: float, path: str) -> float | None:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return None
    raise Unsendable("not-finite", path, f"a finite number is due, not {number}")


def _shown(value: object) -> str:
    return f"{type(value).__name__}: {shown(value, 80)}"


def shown(value: object, most: int) -> str:
    """A value as Python shows it, whatever happens when it is asked.

    Args:
        value: Anything.
        most: Characters.
    """
    try:
        return repr(value)[:most]
    except Exception:  # noqa: BLE001  # somebody's __repr__ must not end an experiment
        return f"<{type(value).__name__}>"
