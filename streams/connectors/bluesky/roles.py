"""What a plan sets and what its detectors answer, as Bluesky's hints say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NUMBERS: Final = frozenset({"number", "integer"})


def roles_of(start: Mapping[str, Any], descriptor: Mapping[str, Any]) -> dict[str, str]:
    """Roles by data key, of the keys that the hints of the run name; others have none.

    Set-points are the dimensions of the plan and what its motors want to be shown of them; measured
    is what all other devices want to be shown. Of motors and detectors of the plan that want
    nothing in particular, it is all that they say.

    Args:
        start: Of the run.
        descriptor: Of the events.

    Example:
        >>> roles_of(
        ...     {"motors": ["m"]},
        ...     {
        ...         "data_keys": {k: {"dtype": "number", "shape": []} for k in ("m", "m_set", "d")},
        ...         "object_keys": {"m": ["m", "m_set"], "d": ["d"]},
        ...         "hints": {"m": {"fields": ["m"]}, "d": {"fields": ["d"]}},
        ...     },
        ... )
        {'m': 'set-point', 'd': 'measured'}
    """
    keys = _mapping(descriptor.get("data_keys"))
    hints, objects = _mapping(descriptor.get("hints")), _mapping(descriptor.get("object_keys"))
    motors = set(_texts(start.get("motors")))
    named = motors | set(_texts(start.get("detectors")))
    dimensions = {
        field
        for entry in _list(_mapping(start.get("hints")).get("dimensions"))
        if isinstance(entry, list | tuple) and entry
        for field in _texts(entry[0])
    }
    roles: dict[str, str] = {}
    for device, own in objects.items():
        fields = _texts(_mapping(hints.get(device)).get("fields"))
        if device in named and not fields:
            fields = _texts(own)
        for name in fields:
            if _is_scalar(keys.get(name)):
                is_set = device in motors or name in dimensions
                roles[name] = "set-point" if is_set else "measured"
    return roles | {n: "set-point" for n in dimensions if _is_scalar(keys.get(n))}


def _is_scalar(key: Any) -> bool:
    return isinstance(key, Mapping) and not key.get("shape") and key.get("dtype") in _NUMBERS


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else []


def _texts(found: Any) -> list[str]:
    return [one for one in _list(found) if isinstance(one, str)]
