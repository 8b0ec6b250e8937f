"""The token that lets a client in: never kept, never shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .service_away import ServiceAway

VARIABLE: Final = "HALFLIFE_PUSH_TOKEN"


class Token:
    """Where the token comes from; a file is read anew for each connection, as it may be renewed.

    Args:
        given: The token itself, if it stands in the program.
        environ: Has it in ``HALFLIFE_PUSH_TOKEN``, or the name of a file that has it in
            ``HALFLIFE_PUSH_TOKEN_FILE``.

    Raises:
        ValueError: If the given one can stand in no header.

    Example:
        >>> Token(None, {"HALFLIFE_PUSH_TOKEN": "secret"}).read()
        'secret'
        >>> Token("secret", {})
        Token(...)
    """

    def __init__(self, given: str | None, environ: Mapping[str, str]) -> None:
        if given is not None and not _is_token(given):
            raise ValueError("token: visible ASCII characters without spaces are due")
        self._given = given
        self._text = environ.get(VARIABLE)
        self._file = environ.get(f"{VARIABLE}_FILE")

    def __repr__(self) -> str:
        return "Token(...)"

    def read(self) -> str | None:
        """The token of now; None if there is none.

        Raises:
            ServiceAway: If its file cannot be read.
        """
        if self._given is not None:
            return self._given
        found, place = self._text, VARIABLE
        if not found and self._file:
            place = self._file
            try:
                found = Path(self._file).read_text("utf-8").strip()
            except (OSError, ValueError) as error:
                raise ServiceAway(f"the file of {VARIABLE}_FILE cannot be read: {error}") from None
        if found and not _is_token(found.strip()):
            raise ServiceAway(f"{place} has characters that no token can have")
        return found.strip() if found else None


def _is_token(text: str) -> bool:
    return (
        isinstance(text, str) and text.isascii() and text.isprintable() and text.split() == [text]
    )
