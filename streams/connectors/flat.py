"""Values inside each other, by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_LONGEST_LIST: Final = 16
_DEEPEST: Final = 8


def flat(values: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Each single value with its path, as ``value_at`` reads it; long lists are left whole.

    Example:
        >>> dict(flat({"t": 1, "in": {"y": [2, 3]}}))
        {'t': 1, 'in.y.0': 2, 'in.y.1': 3}
    """
    for name, value in values.items():
        path = f"{above}{name}"
        inner = value
        if hasattr(inner, "tolist"):  # of numpy
            inner = inner.tolist()
        if isinstance(inner, list | tuple) and 0 < len(inner) <= _LONGEST_LIST:
            inner = {str(i): one for i, one in enumerate(inner)}
        if isinstance(inner, Mapping) and depth < _DEEPEST:
            yield from flat(inner, f"{path}.", depth + 1)
        else:
            yield path, inner
