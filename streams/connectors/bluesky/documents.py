"""Documents of Bluesky out of the bytes that bluesky-kafka publishes, without unpickling anything.

They are msgpack of ``[name, document]``, with numpy's values in it as msgpack-numpy writes them.
Its own reader unpickles arrays of objects, and makes arrays over memory as their sender describes
it; so they are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import prod
from typing import Any, Final

import numpy as np

from halflife.schemas.errors import MessageError

# Not ``msgpack.unpackb``: msgpack-numpy puts its own there, for the whole process.
try:
    from msgpack._cmsgpack import unpackb
except ImportError:
    from msgpack.fallback import unpackb

_MOST_MEMBERS: Final = 200_000
_PLAIN: Final = re.compile(r"[<>|=]?[biufcSU][0-9]{1,6}|\|b1|[<>|=]?[mM]8(\[[a-zA-Z]{1,2}\])?")
_LARGEST_LIST: Final = 4096
_MOST_DIMENSIONS: Final = 32
_LIMITS: Final = {
    "raw": False,
    "timestamp": 0,
    "max_array_len": _MOST_MEMBERS,
    "max_map_len": _MOST_MEMBERS,
    "max_ext_len": 1 << 20,
}


class Unread:
    """A value of a document that is not read, and why.

    Args:
        why: In a few words.

    Example:
        >>> Unread("a pickle")
        Unread('a pickle')
    """

    def __init__(self, why: str) -> None:
        self.why = why

    def __repr__(self) -> str:
        return f"Unread({self.why!r})"


def read_document(value: bytes) -> tuple[str, dict[str, Any]]:
    """Name and content of a document.

    Arrays of up to 4,096 numbers become lists, larger ones stay arrays of numpy; what could only be
    read by running its sender's code becomes `Unread`.

    Args:
        value: As published.

    Raises:
        MessageError: If it is none.

    Example:
        >>> from msgpack import packb
        >>> read_document(packb(["stop", {"run_start": "a", "exit_status": "success"}]))[0]
        'stop'
    """
    try:
        try:
            found = unpackb(value, object_hook=_object, **_LIMITS)
        except ValueError as error:
            if "is not allowed for map key" not in str(error):
                raise
            # Names become text before a mapping is made of them: numbers could be chosen so that
            # it takes hours.
            found = unpackb(value, object_pairs_hook=_named, strict_map_key=False, **_LIMITS)
    except Exception as error:  # noqa: BLE001  # its errors have no common base, and bytes are bytes
        said = f"no document of Bluesky in msgpack: {type(error).__name__}: {str(error)[:200]}"
        raise MessageError("broken-msgpack", "", said) from None
    if not isinstance(found, list) or len(found) != 2:
        raise MessageError("no-document", "", "a list of a name and a document is due")
    name, document = found
    if not isinstance(name, str) or not isinstance(document, dict):
        raise MessageError("no-document", "", "a list of a name and a document is due")
    return name, document


def _named(pairs: Iterable[tuple[Any, Any]]) -> Any:
    return _object(
        {key if isinstance(key, str | bytes) else str(key)[:200]: value for key, value in pairs}
    )


def _object(found: dict[Any, Any]) -> Any:
    """A mapping, or the value of numpy that it stands for."""
    if b"nd" in found:
        try:
            return _of_numpy(found)
        except (TypeError, ValueError, OverflowError) as error:
            return Unread(str(error)[:200])
    return _complex(found[b"data"]) if b"complex" in found and b"data" in found else found


def _of_numpy(found: dict[Any, Any]) -> Any:
    """A number or an array.

    Raises:
        TypeError, ValueError, OverflowError: For what is neither, or is not read.
    """
    kind, data = found.get(b"type"), found.get(b"data")
    if found.get(b"kind") == b"O":
        raise ValueError("a pickle")
    if not (isinstance(kind, str) and isinstance(data, bytes) and _PLAIN.fullmatch(kind)):
        raise ValueError(f"of numpy's type {str(kind)[:40]}")
    shape = found.get(b"shape", []) if found[b"nd"] else [1]
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError("an array of no shape")
    if not all(type(one) is int and 0 <= one < 1 << 31 for one in shape):
        raise ValueError("an array of no shape")
    dtype = np.dtype(kind)
    if dtype.itemsize * prod(shape) != len(data):
        raise ValueError("an array of another size than it says")
    if not data:
        return []
    array = np.frombuffer(data, dtype)
    if not found[b"nd"]:
        return array[0].item()
    array = array.reshape(shape)
    return array.tolist() if array.size <= _LARGEST_LIST else array


def _complex(text: Any) -> Any:
    try:
        return complex(text) if isinstance(text, str) and len(text) <= 100 else Unread("no number")
    except ValueError:
        return Unread("no number")
