"""What a wrong word was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """``"; did you mean 'column'?"``, or nothing where no word is near.

    Args:
        word: As it was written.
        words: All that are allowed.

    Example:
        >>> did_you_mean("colum", ["column", "law"]), did_you_mean("zebra", ["column", "law"])
        ("; did you mean 'column'?", '')
    """
    by_lower = {allowed.lower(): allowed for allowed in words}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""
