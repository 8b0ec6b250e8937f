"""Whether a file is the one that was read before."""

from __future__ import annotations

import hashlib
import os
from enum import Enum
from typing import Final

from .file_mark import FileMark

TAIL: Final = 1024
_MOST_BEGIN: Final = 1 << 20


class Likeness(Enum):
    """What a file has to do with a mark."""

    SAME = "go on where the mark is"
    WAIT = "it may be in the middle of being written anew"
    CHANGED = "it begins as before, and what was read of it has changed since"
    OTHER = "it is another file"


def compare(handle: int, size: int, mark: FileMark, *, settled: bool) -> Likeness:
    """What an open file has to do with a mark.

    Args:
        handle: Of the open file.
        size: Its bytes.
        mark: How far a file was read.
        settled: Whether it has not changed for a while.
    """
    if mark.format == "parquet":
        return Likeness.SAME if mark.end in {"", digest_whole(handle, size)} else Likeness.OTHER
    length = mark.begin[0]
    if not length:  # no record was read, so nothing can be doubled
        here = size >= mark.offset and digest_end(handle, mark.offset) == mark.end
        return Likeness.SAME if here or not mark.offset else Likeness.OTHER
    if size < length:
        return Likeness.OTHER if settled else Likeness.WAIT
    if digest_begin(handle, length) != mark.begin:
        return Likeness.OTHER
    if size >= mark.offset and digest_end(handle, mark.offset) == mark.end:
        return Likeness.SAME
    return Likeness.CHANGED if settled else Likeness.WAIT


def digest_begin(handle: int, length: int) -> tuple[int, str]:
    """``FileMark.begin`` of a file."""
    return length, digest(os.pread(handle, min(length, _MOST_BEGIN), 0))


def digest_end(handle: int, offset: int) -> str:
    """``FileMark.end`` of a file that was read up to there."""
    first = max(0, offset - TAIL)
    return digest(os.pread(handle, offset - first, first))


def digest_whole(handle: int, size: int) -> str:
    """Of a file that is written once: its size, beginning and end, which tells the rest."""
    ends = os.pread(handle, TAIL, 0) + os.pread(handle, 8 * TAIL, max(0, size - 8 * TAIL))
    return digest(str(size).encode() + ends)


def digest(content: bytes) -> str:
    """A short digest."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def same_bytes(one: int, two: int, size: int) -> bool:
    """Whether two open files have the same first bytes."""
    block = 1 << 20
    for at in range(0, size, block):
        length = min(block, size - at)
        if os.pread(one, length, at) != os.pread(two, length, at):
            return False
    return True
