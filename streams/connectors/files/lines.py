"""Lines out of a block of bytes: those that are text, and those that are not."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from halflife.schemas.errors import MessageError

LONGEST_LINE: Final = 1 << 20
_SHOWN: Final = 4096

_NEWLINES: Final = {"utf-16-le": b"\n\x00", "utf-16-be": b"\x00\n"}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no text.

    Args:
        error: Why.
        raw: Its bytes, or their beginning.
    """

    error: MessageError
    raw: bytes


def cut(block: bytes, encoding: str, most: int) -> tuple[list[bytes], int]:
    r"""The whole lines of a block without their ends, and how many bytes stand behind them.

    Args:
        block: Begins with a line.
        encoding: Of the file.
        most: Lines.

    Example:
        >>> cut(b"a\nbc\nd", "utf-8", 10)
        ([b'a', b'bc'], 1)
        >>> cut("a\n\u0a00\n".encode("utf-16-le"), "utf-16-le", 10)
        ([b'a\x00', b'\x00\n'], 0)
    """
    newline = newline_of(encoding)
    if len(newline) == 1:
        *lines, rest = block.split(newline, most)
        return lines, len(rest)
    lines, start, at = [], 0, block.find(newline)
    while at >= 0 and len(lines) < most:
        if at % 2 == 0:
            lines.append(block[start:at])
            start = at = at + 2
        else:
            at += 1
        at = block.find(newline, at)
    return lines, len(block) - start


def newline_of(encoding: str) -> bytes:
    """The bytes at the end of a line."""
    return _NEWLINES.get(encoding, b"\n")


def decode(raws: list[bytes], encoding: str) -> list[str | BadLine]:
    """Lines as text, each with its end; what is too long, binary or of another encoding is bad."""
    newline = newline_of(encoding)
    try:
        whole = (newline.join(raws) + newline).decode(encoding)
    except UnicodeDecodeError:
        return [_decode(raw, encoding) for raw in raws]
    if "\0" in whole or max(map(len, raws), default=0) > LONGEST_LINE:
        return [_decode(raw, encoding) for raw in raws]
    return list(io.StringIO(whole, newline="\n")) if raws else []


def too_long(raw: bytes) -> BadLine:
    """A line that is longer than any record may be."""
    said = f"the line is longer than {LONGEST_LINE:,} bytes, which is the most of one record"
    return BadLine(MessageError("too-large", "", said), raw[:_SHOWN])


def _decode(raw: bytes, encoding: str) -> str | BadLine:
    if len(raw) > LONGEST_LINE:
        return too_long(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        said = (
            f"byte {error.start + 1} of the line ({raw[error.start]:#04x}) is not {encoding}; "
            "encoding in the lab file says how the file is written"
        )
        return BadLine(MessageError("encoding", "", said), raw[:_SHOWN])
    if "\0" in text:
        said = "the line holds NUL, so it is no text: has its writer been cut off?"
        return BadLine(MessageError("binary", "", said), raw[:_SHOWN])
    return text + "\n"


def first_encoding(raws: list[bytes]) -> tuple[str, int]:
    r"""How lines are written where the lab file leaves it open, and which line tells it.

    Example:
        >>> first_encoding([b"a", "20 \u00b0C".encode("cp1252")])
        ('cp1252', 1)
        >>> first_encoding([b"a"])
        ('', 1)
    """
    for i, raw in enumerate(raws):
        if not raw.isascii():
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                return "cp1252", i
            return "utf-8", i
    return "", len(raws)
