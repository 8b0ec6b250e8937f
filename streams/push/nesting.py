"""How deep JSON is, before it is parsed."""

from __future__ import annotations

import re
from typing import Final

from halflife.schemas.errors import MessageError

_ESCAPE: Final = re.compile(rb"\\.", re.S)
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")
_DULL: Final = bytes(sorted(set(range(256)) - set(b'[]{}"')))


def check_nesting(text: bytes, *, depth: int, containers: int) -> None:
    """Nothing, if JSON has few lists and objects, and few inside each other.

    Broken JSON may pass: the parser, which comes next, will tell what is wrong.

    Args:
        text: In UTF-8.
        depth: Of the innermost list or object; the outermost has 1.
        containers: Lists and objects; such characters inside of texts count too.

    Raises:
        MessageError: ``too-deep`` or ``too-many-parts``.

    Example:
        >>> check_nesting(b'{"a": [1, {"b": "[[[["}]}', depth=3, containers=10)
        >>> check_nesting(b"[[[[]]]]", depth=3, containers=10)
        Traceback (most recent call last):
        ...
        halflife.schemas.errors.MessageError: more than 3 lists and objects inside each other
    """
    count = text.count(b"[") + text.count(b"{")
    if count > containers:
        raise MessageError("too-many-parts", "", f"more than {containers:,} lists and objects")
    if count <= depth:
        return
    if b"\\" in text:
        text = _ESCAPE.sub(b"", text)
    # What stands between quotes is text: of the pieces around quotes each second one.
    marks = b"".join(text.translate(_ALIKE, _DULL).split(b'"')[::2])
    for _ in range(depth):  # each time the innermost ones go
        fewer = marks.replace(b"[]", b"")
        if len(fewer) == len(marks):
            break
        marks = fewer
    if b"[]" in marks:
        said = f"more than {depth} lists and objects inside each other"
        raise MessageError("too-deep", "", said)
