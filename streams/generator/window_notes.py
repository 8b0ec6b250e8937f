"""What is odd about a window, for the text of an outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from halflife.schemas.table import Block

from .errors import RegenerationError

_MOST_BROKEN: Final = 0.5


def window_notes(block: Block) -> list[str]:
    """Sentences on a law that most rows break, and a target that is a copy of another column.

    Raises:
        RegenerationError: For rows without a single cell.

    Example:
        >>> from halflife.schemas.table import Column, SumLaw, Table
        >>> table = Table((Column(name="a"), Column(name="b")), (SumLaw(("a", "b"), equals=9.),))
        >>> window_notes(Block.from_rows(table, [{"a": 1., "b": 2.}] * 5))
        ["5 of 5 real rows break the law 'a + b = 9': is it declared as it is meant?"]
    """
    if np.isnan(block.numbers).all() and all(cell is None for cell in block.texts.ravel()):
        raise RegenerationError(
            f"the {len(block):,} records of the window have no value in any declared column: do "
            "the names in the lab file fit those of the records?"
        )
    return [*_broken_laws(block), *_copied_target(block)]


def _broken_laws(block: Block) -> Iterator[str]:
    for law in block.table.laws:
        whole = int((~np.isnan(block.matrix(law.columns)).any(axis=1)).sum())
        broken = block.violations(law)
        if broken > _MOST_BROKEN * whole:
            yield (
                f"{broken:,} of {whole:,} real rows break the law {law.text!r}: is it declared as "
                "it is meant?"
            )


def _copied_target(block: Block) -> Iterator[str]:
    table, target = block.table, block.table.target
    if target is None:
        return
    number = target in table.numeric
    own = block.number(target) if number else block.text(target)
    for name in table.numeric if number else table.categories:
        other = block.number(name) if number else block.text(name)
        same = np.array_equal(own, other, equal_nan=True) if number else (own == other).all()
        if name != target and same:
            yield f"the target {target!r} is a copy of {name!r}: to predict it says nothing"
