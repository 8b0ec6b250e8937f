"""Rows that meet conditions, found among rows that were drawn freely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from halflife.schemas.table import Block

from .conditions import Where

_FREE_DRAWS: Final = 16

Draw = Callable[[Sequence[np.random.Generator]], Block]


def accepted(
    draw: Draw,
    streams: Sequence[np.random.Generator],
    where: Where,
    *,
    chunk: int,
    most_draws: int,
) -> Block:
    """Rows of ``draw`` that meet the conditions, ``chunk`` for each stream or fewer.

    ``p(x | where)`` exactly as the model has it. Each chunk is filled from its stream alone, in
    rounds of 1, 1, 2, 4, ... draws, and given up after ``most_draws`` draws in all: conditions
    that are met by one row in ``most_draws`` are served.

    Args:
        draw: Gives ``chunk`` rows for each stream.
        streams: One for each chunk, at least one.
        where: To be met.
        chunk: Rows of a draw.
        most_draws: Of one chunk, at least 1.
    """
    found: list[Block] = []
    for stream in streams:
        good: list[Block] = []
        drawn = 0
        while drawn < most_draws and sum(map(len, good)) < chunk:
            turn = min(max(drawn, 1), most_draws - drawn)
            rows = draw(stream.spawn(turn))
            good.append(rows[where.met(rows)])
            drawn += turn
        found.append(Block.concatenate(good)[:chunk])
    return Block.concatenate(found)


def shares(draw: Draw, random: np.random.SeedSequence, where: Where) -> tuple[int, list[int], int]:
    """How often rows that are drawn freely meet each condition, and all of them.

    Args:
        draw: Gives rows for each stream.
        random: What the rows follow from.
        where: To be met.

    Returns:
        Rows that were drawn, rows that meet each condition in their order, rows that meet all.
    """
    rows = draw([np.random.default_rng(child) for child in random.spawn(_FREE_DRAWS)])
    return (
        len(rows),
        [int(one.met(rows).sum()) for one in where.conditions],
        int(where.met(rows).sum()),
    )
