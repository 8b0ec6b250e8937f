"""Log e-values of categories whose levels become more or less frequent, or are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray

from .bernoulli_bank import BernoulliBank
from .components import Components
from .inflation import inflation
from .readings import CodedReadings
from .wording import share

_MOST: Final = 20  # levels of a column that are watched one by one
_SMALL: Final = 20  # records of a level, from which on luck is a small part of them
_FEWEST: Final = 5  # records of a level, below which its share is not known, and others are to come


class LevelBank:
    """Each level of each category column as an event of a `BernoulliBank`; the rest as one more.

    The rest is what the reference never had or had less than five times, and what is not among its
    20 most frequent levels. So a column that names something new in each record has new levels from
    the first, and is no fault.

    Args:
        columns: Category columns.
        levels: Of each, the levels that are events; each column has the rest after them.
        bank: Of these events, column after column.

    Example:
        >>> from halflife.schemas.table import Column, Kind, Table
        >>> table = Table((Column(name="solvent", kind=Kind.CATEGORY),))
        >>> rows = [{"solvent": "water"}] * 30 + [{"solvent": "ethanol"}] * 10
        >>> bank = LevelBank.fit(Block.from_rows(table, rows), ("solvent",))
        >>> bank.levels, bank.event(2 * len(bank.ratios))
        ([['water', 'ethanol']], ('solvent', None))
    """

    ratios: ClassVar[tuple[float, ...]] = (2.0, 5.0, 20.0, 0.5, 0.2)

    def __init__(
        self, columns: Sequence[str], levels: list[list[str]], bank: BernoulliBank
    ) -> None:
        self.columns, self.levels, self.bank = tuple(columns), levels, bank
        self._lookups = [{level: i for i, level in enumerate(known)} for known in levels]

    @classmethod
    def fit(cls, reference: Block, columns: Sequence[str]) -> LevelBank:
        """From a reference."""
        levels, hits = [], [np.zeros(0)]
        for name in columns:
            counts = Counter(cell for cell in reference.text(name) if cell is not None)
            frequent = sorted(counts, key=lambda level: (-counts[level], level))
            expected = _expected([counts[level] for level in frequent])
            levels.append(frequent[: len(expected) - 1])
            hits.append(expected)
        empty = BernoulliBank(np.zeros(0), np.zeros(0), np.ones(0), ratios=cls.ratios)
        events, present = cls(columns, levels, empty).events(reference)
        dependence = [
            inflation(event.astype(np.float64), known) if known.any() else 1.0
            for event, known in zip(events, present, strict=True)
        ]
        bank = BernoulliBank(
            np.concatenate(hits),
            present.sum(axis=1).astype(np.float64),
            np.array(dependence),
            ratios=cls.ratios,
        )
        return cls(columns, levels, bank)

    @property
    def components(self) -> Components:
        """The CUSUMs of all events."""
        return self.bank.components

    def events(self, block: Block) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each record has each level, shape (E, n), and whether the cell is there."""
        n = len(block)
        events, present = [np.zeros((0, n), dtype=bool)], [np.zeros((0, n), dtype=bool)]
        for name, lookup in zip(self.columns, self._lookups, strict=True):
            cells = block.text(name)
            rest = len(lookup)
            codes = [-1 if cell is None else lookup.get(cell, rest) for cell in cells]
            column = np.array(codes, dtype=np.int64)
            events.append(column == np.arange(rest + 1)[:, None])
            present.append(np.broadcast_to(column >= 0, (rest + 1, n)))
        return np.concatenate(events), np.concatenate(present)

    def read(self, block: Block) -> CodedReadings:
        """What records say."""
        return self.bank.read(*self.events(block))

    def event(self, leader: int) -> tuple[str, str | None]:
        """The column and level that the leading component watches; None for the rest."""
        place = self.bank.event(leader)
        for name, known in zip(self.columns, self.levels, strict=True):
            if place <= len(known):
                return name, known[place] if place < len(known) else None
            place -= len(known) + 1
        raise AssertionError(f"no event {leader}")

    def text(self, leader: int, mean: float) -> str:
        """An alarm in words, ``mean`` the share of the event since the change."""
        name, level = self.event(leader)
        before = self.bank.share(self.bank.event(leader))
        what = f"is {level!r}" if level is not None else "has a new or rare level"
        return f"{name} {what} in {share(mean)} of the records ({share(before)} before)"

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "columns": list(self.columns),
            "levels": self.levels,
            "bank": self.bank.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> LevelBank:
        """The bank that gave this state."""
        levels = [list(known) for known in state["levels"]]
        bank = BernoulliBank.of_state(state["bank"], ratios=cls.ratios)
        return cls(state["columns"], levels, bank)


def _expected(counts: Sequence[int]) -> FloatArray:
    """How often as many new records will have each level that is watched, and the rest.

    Of many levels that are equally likely those are watched that were frequent by luck, and come
    less often from then on. A record tells of it by being left out: where its level would not be
    watched without it, it is one of the rest; that makes the share of the rest right on average
    (Good, "The population frequencies of species", Biometrika 40 (1953)). What the rest gains, the
    smaller ones of those watched lose; if that is most of them, only larger ones are watched.

    Args:
        counts: Of all levels in the reference, the most frequent first.
    """
    for fewest in (_FEWEST, _SMALL):
        watched = np.array([count for count in counts[:_MOST] if count >= fewest], dtype=np.float64)
        next_one = max(counts[len(watched) :], default=-1)
        # With one record less it would be behind the next one, or, as often as not, beside it.
        by_luck = np.where(watched <= next_one, 1.0, np.where(watched == next_one + 1, 0.5, 0.0))
        by_luck[watched == fewest] = 1.0 if next_one > 0 else 0.0
        small = (by_luck > 0) | (watched < _SMALL)
        left = 1.0 - float(by_luck @ watched) / max(1.0, watched[small].sum())
        if left > 0.5:
            break
    watched[small] *= max(left, 0.5)
    return np.append(watched, sum(counts) - watched.sum())
