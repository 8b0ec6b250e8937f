"""Rows of another generator, sieved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, Table

from .archive import Arrays
from .conditions import Where
from .errors import NotFitted
from .generator import CHUNK, Generator
from .progress import Progress
from .row_places import RowPlaces
from .row_sieve import TIMES, RowSieve
from .seen import Seen

_NEVER: Final = {"auto", "private", "sieved"}


class Sieved(Generator):
    """Draws four times as many rows as are wanted and keeps those that stand best for real ones.

    See `RowSieve`: no training row is told twice before others were told once, and rows that have
    one training row to themselves are rare. Both make batches harder to tell from real rows, the
    latter is a knob of privacy for generators that have none. `Auto` chooses both.

    Args:
        table: What the columns are, and the laws to keep.
        kind: Name of the generator that draws.
        options: Further arguments of it.
        power: Of the sieve: from 0, which only spreads rows evenly.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        UnknownGenerator: For a ``kind`` that there is not.
        ValueError: For a ``kind`` that is not to be sieved (`may_be_sieved`), or a ``power`` below
            0.

    Attributes:
        inner: The generator that draws.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> x = np.random.default_rng(0).normal(size=(200, 2))
        >>> sieved = Sieved(table, kind="copula", power=2.)
        >>> sieved.fit(Block(table, x, np.empty((200, 0), dtype=object)), seed=0)
        >>> len(sieved.sample(100, seed=1))
        100

    Reference: see `RowSieve`.
    """

    name: ClassVar[str] = "sieved"

    def __init__(
        self,
        table: Table,
        *,
        kind: str = "trees",
        options: Mapping[str, Any] | None = None,
        power: float = 1.0,
    ) -> None:
        from .registry import create  # late: the registry imports this file

        super().__init__(table)
        if not may_be_sieved(kind):
            raise ValueError(f"rows of {kind!r} are not to be sieved")
        if power < 0:
            raise ValueError(f"power must be at least 0, not {power}")
        self.inner = create(kind, table, **(options or {}))
        self.power = float(power)
        self._sieve: RowSieve | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"kind": self.inner.name, "options": self.inner.parameters, "power": self.power}

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        """Fit the generator that draws, and keep where the rows are."""
        champion = warm.inner if isinstance(warm, Sieved) else warm
        self.inner.fit(block, seed=seed, progress=progress, warm=champion, clock=clock)
        self._sieve = RowSieve(RowPlaces.of(block), self.power)

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream, of four times as many."""
        return self._kept(self.inner.draw, streams)

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """The same under conditions, as the generator that draws can."""
        return self._kept(lambda own: self.inner.draw_where(own, where), streams)

    def draw_given(self, streams: Sequence[np.random.Generator], conditions: Block) -> Block:
        """One row for each row of conditions, of four tries."""
        spawned = [stream.spawn(TIMES) for stream in streams]
        tries = [self.inner.draw_given(list(own), conditions) for own in zip(*spawned, strict=True)]
        chunks = []
        for c, stream in enumerate(streams):
            own = [rows[c * CHUNK : (c + 1) * CHUNK] for rows in tries]
            chunks.append(self._fitted_sieve.best(own, stream))
        return Block.concatenate(chunks)

    def check_where(self, where: Where, seen: Seen | None) -> None:
        """As the generator that draws can."""
        self.inner.check_where(where, seen)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """That of the generator that draws, and the places of the rows."""
        state, arrays = self.inner.state()
        sieve, places = self._fitted_sieve.state()
        return {"inner": state, "sieve": sieve}, arrays | places

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self.inner.adopt(state["inner"], arrays)
        self._sieve = RowSieve.restore(state["sieve"], arrays)

    def _kept(
        self,
        draw: Callable[[Sequence[np.random.Generator]], Block],
        streams: Sequence[np.random.Generator],
    ) -> Block:
        """Each chunk from its stream alone."""
        sieve = self._fitted_sieve
        chunks = [sieve.kept(draw(stream.spawn(TIMES)), CHUNK, stream) for stream in streams]
        return Block.concatenate(chunks)

    @property
    def _fitted_sieve(self) -> RowSieve:
        if self._sieve is None:
            raise NotFitted(f"generator {self.name!r} was not fitted yet")
        return self._sieve


def may_be_sieved(kind: str) -> bool:
    """Whether it makes sense to sieve the rows of a generator.

    Not of networks, which draw slowly, of what makes rare rows on purpose, of what keeps a promise
    about single rows that a sieve, which looks at them, would break, or of what sieves itself.

    Args:
        kind: Name of the generator.

    Raises:
        UnknownGenerator: With the names that there are.

    Example:
        >>> may_be_sieved("kde"), may_be_sieved("diffusion"), may_be_sieved("private")
        (True, False, False)
    """
    from .registry import kind_of  # late: the registry imports this file

    own = kind_of(kind)
    return not (own.neural or own.partial or kind in _NEVER)
