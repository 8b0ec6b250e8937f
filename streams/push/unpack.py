"""Bodies that were packed, unpacked no further than they may be."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import zstandard

from .turned_away import TurnedAway

_MEMBERS: Final = 100  # packed one behind the other; a bomb has thousands that hold nothing
_WINDOW: Final = 8 << 20
_SLICE: Final = 256  # bytes of zstd at a time: they make 8 MiB at most, and the sum is looked at


def unpack(packed: bytes, encoding: str, most: int) -> bytes:
    """The body that a ``Content-Encoding`` stands for.

    Args:
        packed: As it was sent.
        encoding: What the header says; empty for a body as it is.
        most: Bytes that it may have.

    Raises:
        TurnedAway: 415 for an encoding that is not known, 413 for more bytes, 400 for what is
            broken or ends too soon.

    Example:
        >>> import gzip
        >>> unpack(gzip.compress(b"[]"), "gzip", 100)
        b'[]'
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return packed
    reader = _READERS.get(name)
    if reader is None:
        text = f"Content-Encoding {encoding[:100]!r} is not known here; gzip and zstd are."
        headers = {"Accept-Encoding": "gzip, zstd"}
        raise TurnedAway(415, "content-encoding", text, headers=headers)
    try:
        return reader(packed, most)
    except (zlib.error, zstandard.ZstdError) as error:
        raise _broken(name, str(error)) from None


def too_large(most: int) -> TurnedAway:
    """What is said of a body that is too large."""
    return TurnedAway(413, "too-large", f"{most:,} bytes are allowed for the body of a request.")


def _gzip(packed: bytes, most: int) -> bytes:
    found = bytearray()
    for _ in range(_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        while packed and not member.eof:
            found += member.decompress(packed, most + 1 - len(found))
            packed = member.unconsumed_tail
            if len(found) > most:
                raise too_large(most)
        if not member.eof:
            raise _broken("gzip", "it ends too soon")
        packed = member.unused_data
        if not packed:
            return bytes(found)
    raise _broken("gzip", f"more than {_MEMBERS} members")


def _zstd(packed: bytes, most: int) -> bytes:
    found, rest = bytearray(), memoryview(packed)
    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    frame = decompressor.decompressobj()
    frames = 1
    while rest:
        if frame.eof:
            frame = decompressor.decompressobj()
            frames += 1
            if frames > _MEMBERS:
                raise _broken("zstd", f"more than {_MEMBERS} frames")
        piece, rest = rest[:_SLICE], rest[_SLICE:]
        found += frame.decompress(piece)
        if len(found) > most:
            raise too_large(most)
        if frame.eof and frame.unused_data:
            rest = memoryview(frame.unused_data + bytes(rest))
    if not frame.eof:
        raise _broken("zstd", "it ends too soon")
    return bytes(found)


def _broken(name: str, text: str) -> TurnedAway:
    return TurnedAway(400, "broken-encoding", f"The body is no {name}: {text}.")


_READERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "zstd": _zstd,
}
