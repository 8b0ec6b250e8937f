"""Where the keys of a TOML file stand: tomllib reads the values and forgets the lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

Place = tuple[str | int, ...]

_HEADER: Final = re.compile(r"^\s*(\[\[?)(.+?)\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
    r"""(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'))*)\s*="""
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def find_lines(text: str) -> dict[Place, int]:
    r"""The 1-based lines of tables and keys, by their place from the top.

    A simple scan: it knows headers and keys at the start of a line. Keys of inline tables have no
    entry; look up what they are part of (:func:`line_of`).

    Args:
        text: TOML that tomllib accepts.

    Example:
        >>> find_lines("[[law]]\nequals = 1\n")
        {('law',): 1, ('law', 0): 1, ('law', 0, 'equals'): 2}
    """
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            keys = _keys(header[2])
            if not keys:
                continue
            table = _with_indices(keys[:-1], counts) + keys[-1:]
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _keys(key[1]), number)
    return lines


def line_of(place: Sequence[str | int], lines: Mapping[Place, int]) -> int | None:
    """The line of a place, or of the nearest thing that it is part of; None where none is known."""
    for length in range(len(place), 0, -1):
        line = lines.get(tuple(place[:length]))
        if line is not None:
            return line
    return None


def dotted(place: Sequence[str | int]) -> str:
    """A place as TOML writes it.

    Example:
        >>> dotted(("stream", "opv.2", "law", 0, "sum"))
        'stream."opv.2".law[0].sum'
    """
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{quoted(step)}" if text else quoted(step)
    return text


def quoted(key: str) -> str:
    """A key as TOML writes it: bare where that is allowed, else in quotes."""
    return key if _BARE.fullmatch(key) else basic_string(key)


def basic_string(text: str) -> str:
    r"""A text as TOML writes it, in double quotes.

    Example:
        >>> print(basic_string('5" pipe\n'))
        "5\" pipe\n"
    """
    named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = (named.get(c) or (c if _is_plain(c) else f"\\u{ord(c):04x}") for c in text)
    return f'"{"".join(escaped)}"'


def _is_plain(character: str) -> bool:
    # TOML forbids control characters, and some editors break lines at the other separators.
    return ord(character) >= 0x20 and character not in "\x7f\x85\u2028\u2029"


def _keys(text: str) -> tuple[str, ...]:
    """The keys of a dotted key; none where it is no key after all (inside a long string)."""
    try:
        value: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    keys = []
    while isinstance(value, dict):
        key, value = next(iter(value.items()))
        keys.append(key)
    return tuple(keys)


def _with_indices(keys: tuple[str, ...], counts: Mapping[Place, int]) -> Place:
    place: Place = ()
    for key in keys:
        place = (*place, key)
        if place in counts:
            place = (*place, counts[place])
    return place
