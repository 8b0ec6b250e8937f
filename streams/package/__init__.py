"""Halflife: synthetic data of self-driving labs, kept fresh.

Nothing is loaded before it is asked for: the client must start fast on an instrument's computer.

Example:
    >>> from halflife import Lab
    >>> Lab.__module__
    'halflife.streams.client.lab'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halflife.streams.client.lab import Lab

    __version__: str

__all__ = ["Lab"]


def __getattr__(name: str) -> object:
    """The client, and the version of the package."""
    if name == "Lab":
        from halflife.streams.client.lab import Lab

        return Lab
    if name == "__version__":
        from importlib.metadata import version

        return version("halflife")
    raise AttributeError(f"module 'halflife' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__, "__version__"]
