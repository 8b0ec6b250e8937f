"""Rows drawn freely, matched to conditions of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Table

from .condition import Condition
from .conditions import Where
from .errors import UnsuitableCondition
from .seen import Seen

_POOL: Final = 8
_OTHER_LEVEL: Final = 10.0


def matched(
    draw: Callable[[Sequence[np.random.Generator]], Block],
    streams: Sequence[np.random.Generator],
    conditions: Block,
    *,
    chunk: int,
) -> Block:
    """For each row of conditions the nearest of `_POOL` times as many rows drawn freely.

    Rows stay as they were drawn, laws and all: a number is met as nearly as the pool allows, a
    level wherever the pool has it. No row is taken twice within a chunk.

    Args:
        draw: Gives ``chunk`` rows for each stream.
        streams: One for each chunk.
        conditions: Some columns of the rows, shape (rows, ...): at most ``chunk`` for each stream.
        chunk: Rows of a draw.
    """
    found: list[Block] = []
    for c, stream in enumerate(streams):
        wanted = conditions[c * chunk : (c + 1) * chunk]
        pool = draw(stream.spawn(_POOL))
        free = np.zeros(len(pool))
        taken: list[int] = []
        for far in _distances(wanted, pool):
            best = int(np.argmin(far + free))
            free[best] = np.inf
            taken.append(best)
        found.append(pool[taken])
    return Block.concatenate(found)


def check_conditions(conditions: Block, table: Table, seen: Seen | None) -> None:
    """Refuse conditions of other columns, or with levels that were never seen.

    Raises:
        UnsuitableCondition: With the column, the value and what is allowed.
    """
    for column in conditions.table.columns:
        if column.name not in table.names:
            raise UnsuitableCondition(
                f"no column {column.name!r}; there are {', '.join(table.names)}"
            )
        if column.is_number != table.column(column.name).is_number:
            raise UnsuitableCondition(
                f"column {column.name!r} is a {table.column(column.name).kind}"
            )
    for name in conditions.table.categories:
        levels = tuple({text for text in conditions.text(name).tolist() if text is not None})
        if seen is not None and levels:
            seen.check(Where((Condition(name, levels=levels),)))


def _distances(wanted: Block, pool: Block) -> FloatArray:
    """Shape (conditions, pool): numbers in spreads of the pool, 10 for another level."""
    far = np.zeros((len(wanted), len(pool)))
    for name in wanted.table.numeric:
        cells, own = pool.number(name), wanted.number(name)
        spread = float(np.nanstd(cells)) if not np.isnan(cells).all() else 0.0
        apart = np.abs(own[:, None] - cells[None, :]) / (spread or 1.0)
        both = np.isnan(own)[:, None] & np.isnan(cells)[None, :]
        far += np.where(both, 0.0, np.where(np.isnan(apart), _OTHER_LEVEL, apart))
    for name in wanted.table.categories:
        far += _OTHER_LEVEL * _other(wanted, pool, name)
    return far


def _other(wanted: Block, pool: Block, name: str) -> NDArray[np.bool_]:
    codes: dict[str | None, int] = {}
    own = [codes.setdefault(text, len(codes)) for text in wanted.text(name).tolist()]
    cells = [codes.setdefault(text, len(codes)) for text in pool.text(name).tolist()]
    return np.asarray(np.array(own)[:, None] != np.array(cells)[None, :], dtype=np.bool_)
