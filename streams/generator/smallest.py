"""What is trained where memory does not do for the generator that the lab file asks for."""

from __future__ import annotations

from typing import Final

SMALLEST: Final = "trees"
"""Needs the least memory of all generators."""


def has_smaller(generator: str) -> bool:
    """Whether the smallest may stand in for a generator.

    It may for a network, and where Halflife was to choose. It may not for one that the lab chose
    for what it promises or knows: differential privacy, a simulator.

    Example:
        >>> has_smaller("diffusion"), has_smaller("auto"), has_smaller("private")
        (True, True, False)
    """
    from halflife.generators import GENERATORS

    kind = GENERATORS.get(generator)
    return generator == "auto" or (kind is not None and kind.neural)
