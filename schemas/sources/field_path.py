"""A path to a value inside what a source sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field

FieldPath = Annotated[str, Field(min_length=1, max_length=500, examples=["data.temperature"])]
ABSENT: Final = object()
"""What :func:`value_at` gives where there is nothing: unlike None, it is no missing cell."""


def value_at(values: Any, path: str) -> Any:
    """The value at a dotted path; a name that has dots itself comes first. ``ABSENT`` if none.

    Args:
        values: Mappings and lists inside each other.
        path: Names with dots between; a number is a place in a list.

    Example:
        >>> value_at({"data": {"t": [1.5, 2.5]}, "a.b": 3}, "data.t.1")
        2.5
        >>> value_at({"a.b": 3, "a": {"b": 4}}, "a.b")
        3
        >>> value_at({"a": 1}, "b") is ABSENT
        True
    """
    if isinstance(values, Mapping):
        if path in values:
            return values[path]
        # The longest beginning that is a name wins: names with dots are common in labs.
        end = path.rfind(".")
        while end > 0:
            if path[:end] in values:
                found = value_at(values[path[:end]], path[end + 1 :])
                if found is not ABSENT:
                    return found
            end = path.rfind(".", 0, end)
    elif isinstance(values, Sequence) and not isinstance(values, str | bytes):
        first, _, rest = path.partition(".")
        if first.isascii() and first.isdigit() and len(first) < 10 and int(first) < len(values):
            inner = values[int(first)]
            return value_at(inner, rest) if rest else inner
    return ABSENT
