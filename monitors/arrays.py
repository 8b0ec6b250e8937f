"""Numpy arrays as plain data that JSON carries without losing a bit."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_DTYPES: Final = ("int16", "int32", "int64", "float64")


def pack(array: NDArray[Any]) -> dict[str, Any]:
    """An array as its dtype, shape, and bytes (little-endian, base64).

    Raises:
        TypeError: For another dtype than int16, int32, int64 and float64.

    Example:
        >>> pack(np.array([1, 2], dtype=np.int32))
        {'dtype': 'int32', 'shape': [2], 'base64': 'AQAAAAIAAAA='}
    """
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"cannot pack {array.dtype}; only {', '.join(_DTYPES)}")
    raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "base64": base64.b64encode(raw).decode(),
    }


def unpack(packed: Mapping[str, Any]) -> NDArray[Any]:
    """The array that ``pack`` was given, writable.

    Raises:
        TypeError: For a dtype that ``pack`` never writes.

    Example:
        >>> unpack(pack(np.array([[.1, np.nan]])))
        array([[0.1, nan]])
    """
    if packed["dtype"] not in _DTYPES:
        raise TypeError(f"cannot unpack {packed['dtype']!r}; only {', '.join(_DTYPES)}")
    dtype = np.dtype(packed["dtype"])
    flat = np.frombuffer(base64.b64decode(packed["base64"]), dtype=dtype.newbyteorder("<"))
    return flat.astype(dtype).reshape(packed["shape"])


def key_of(*parameters: object) -> str:
    """16 hexadecimal digits that change with any of the parameters.

    Example:
        >>> key_of("drift", 1000.0) == key_of("drift", 1000.0), key_of("drift", 1000.0) == key_of(1)
        (True, False)
    """
    return hashlib.blake2b(repr(parameters).encode(), digest_size=8).hexdigest()
