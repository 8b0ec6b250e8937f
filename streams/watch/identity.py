"""Identities and seeds that follow from places in the log: a replay finds the same ones."""

from __future__ import annotations

import hashlib


def identity(*parts: object) -> str:
    """32 hexadecimal digits of some words and numbers.

    Example:
        >>> identity("opv", "alert", 7) == identity("opv", "alert", 7)
        True
    """
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def derived_seed(*parts: object) -> int:
    """A seed of 31 bits (what scikit-learn takes) from some words and numbers."""
    return int(identity("seed", *parts)[:8], 16) >> 1
