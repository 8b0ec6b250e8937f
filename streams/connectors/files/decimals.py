"""Numbers whose decimals stand behind a comma."""

from __future__ import annotations

import re
from typing import Final

_COMMA: Final = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_POINTS_AND_COMMA: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


def with_point(cell: str, decimal: str) -> str:
    """A cell with a point before its decimals; as it was, if it is no number with a comma.

    Args:
        cell: Of CSV.
        decimal: ``,``, or ``auto`` where a number such as 1,234 may also mean a thousand: that one
            is left, and refused by who needs a number.

    Example:
        >>> with_point("1,5", "auto"), with_point("1,234", "auto"), with_point("1,234", ",")
        ('1.5', '1,234', '1.234')
        >>> with_point("1.234,5", ","), with_point("a,b", ",")
        ('1234.5', 'a,b')
    """
    text = cell.strip()
    if _COMMA.fullmatch(text):
        if decimal == "auto" and _THOUSANDS.fullmatch(text):
            return cell
        return text.replace(",", ".")
    if decimal == "," and _POINTS_AND_COMMA.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return cell
