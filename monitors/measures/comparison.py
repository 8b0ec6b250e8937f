"""Real, synthetic and training rows as all measures see them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable, TooFewRows
from halflife.monitors.privacy import Privacy
from halflife.monitors.privacy_measure import PrivacyMeasure
from halflife.monitors.ranked_column import RankedColumn
from halflife.monitors.samples import Samples
from halflife.monitors.task import Task
from halflife.schemas.table import Block, FloatArray, Table

if TYPE_CHECKING:
    from .models import Models
    from .neighbours import Neighbours
    from .pair_tables import PairTables

_MOST_ROWS: Final = 5_000
_MOST_BINS: Final = 40
_MOST_TASKS: Final = 4
_FAR: Final = 1e150


@dataclass(frozen=True, eq=False)
class Comparison:
    """A synthetic batch beside real rows, with what several measures need computed once.

    What is said does not depend on the order of the rows. A number that is infinite, or so great
    (beyond 1e150) that its square is, counts as missing.

    Args:
        samples: Real and synthetic rows, at most ``most_rows`` of each, sorted.
        train: The rows that made the batch, if they are known, sorted and at most as many.
        every_real: The real rows, all of them.
        every_synthetic: The synthetic rows, all of them.
        every_train: The training rows, all of them, if they are known.
        draws: Permutations of real and synthetic rows that yardsticks are taken from.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": float(i)} for i in range(50)])
        >>> Comparison.of(rows, rows[:20], seed=1).sizes
        {'real': 50, 'synthetic': 20}
    """

    samples: Samples
    train: Block | None
    every_real: Block
    every_synthetic: Block
    every_train: Block | None
    draws: int

    @classmethod
    def of(
        cls,
        real: Block,
        synthetic: Block,
        train: Block | None = None,
        *,
        seed: int,
        draws: int = 100,
        most_rows: int = _MOST_ROWS,
    ) -> Comparison:
        """Sort the rows, and of many draw some.

        Args:
            real: Rows that have not trained the generator.
            synthetic: The batch.
            train: The rows that trained it.
            seed: Of everything drawn.
            draws: Permutations for each yardstick.
            most_rows: Of each side, for all measures but copies, laws and ranges.

        Raises:
            TooFewRows: For no real or no synthetic row, or a training set without rows.
        """
        sides = {"real": real, "synthetic": synthetic} | ({} if train is None else {"train": train})
        for what, rows in sides.items():
            if not len(rows):
                raise TooFewRows(f"measures need at least one {what} row, and there is none")
        finite = {what: _finite(rows) for what, rows in sides.items()}
        every = Samples.of(finite["real"], finite["synthetic"], seed=seed)
        known = finite.get("train")
        every_train = None if known is None else Samples.of(known, known, seed=seed).real
        return cls(
            samples=Samples(
                _some(every, every.real, "real", most_rows),
                _some(every, every.synthetic, "synthetic", most_rows),
                seed,
            ),
            train=None if every_train is None else _some(every, every_train, "train", most_rows),
            every_real=every.real,
            every_synthetic=every.synthetic,
            every_train=every_train,
            draws=draws,
        )

    @property
    def real(self) -> Block:
        """The real rows, n."""
        return self.samples.real

    @property
    def synthetic(self) -> Block:
        """The synthetic rows, m."""
        return self.samples.synthetic

    @property
    def pooled(self) -> Block:
        """The real rows, then the synthetic ones."""
        return self.samples.pooled

    @property
    def table(self) -> Table:
        """The columns."""
        return self.samples.table

    @property
    def seed(self) -> int:
        """Of everything drawn."""
        return self.samples.seed

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """What models of this table predict, at most four tasks."""
        return Task.all_of(self.table)[:_MOST_TASKS]

    @property
    def sizes(self) -> dict[str, int]:
        """How many rows are looked at."""
        return {"real": len(self.real), "synthetic": len(self.synthetic)}

    def some(self, block: Block, purpose: str, most: int) -> Block:
        """At most so many rows of a block, drawn with the seed, in their order."""
        return _some(self.samples, block, purpose, most)

    @cached_property
    def as_real(self) -> FloatArray:
        """Which pooled rows count as real, shape (1 + draws, n + m): as they are, then permuted."""
        own = self.samples.as_they_are()[0]
        permuted = self.samples.permutations(self.draws)[0]
        return np.concatenate([own, permuted]).astype(np.float64)

    def known(self, name: str) -> NDArray[np.bool_]:
        """Which pooled rows have a cell in that column, shape (n + m,)."""
        if name in self.table.numeric:
            return ~np.isnan(self.pooled.number(name))
        return np.array([cell is not None for cell in self.pooled.text(name)], dtype=np.bool_)

    def known_cells(self, name: str) -> tuple[int, int]:
        """How many real and synthetic rows have a cell in that column."""
        known, n = self.known(name), len(self.real)
        return int(known[:n].sum()), int(known[n:].sum())

    def bins(self, name: str, most: int | None = None) -> tuple[NDArray[np.intp], int]:
        r"""The class of each pooled cell, shape (n + m,), and how many classes there are.

        Categories and numbers of few distinct values are their own classes. Other numbers get
        classes that hold about as many pooled rows each, :math:`2 \min(n, m)^{2/5}` of them, 5 to
        40. A missing cell is -1.

        Reference: Mann and Wald, Ann. Math. Statist. 13 (1942) 306 (how many).
        """
        if name not in self.table.numeric:
            column = RankedColumn.of(self.pooled, name)
            levels = column.levels - column.has_missing  # missing is the last
            return np.where(column.codes == levels, -1, column.codes), levels
        cells = self.pooled.number(name)
        known = np.isfinite(cells)
        values = np.unique(cells[known])
        wanted = int(2.0 * min(len(self.real), len(self.synthetic)) ** 0.4)
        count = int(np.clip(wanted, 5, _MOST_BINS)) if most is None else most
        if len(values) > count:
            edges = np.unique(np.quantile(cells[known], np.arange(1, count) / count))
            codes, levels = np.searchsorted(edges, cells, side="right"), len(edges) + 1
        else:
            codes, levels = np.searchsorted(values, cells), len(values)
        return np.where(known, codes, -1).astype(np.intp), levels

    @cached_property
    def privacy(self) -> PrivacyMeasure:
        """Copies, and the share of rows nearest to training rows, of all rows.

        Raises:
            NothingMeasurable: Where the training rows are not known.
        """
        if self.every_train is None:
            raise NothingMeasurable("it needs the training rows")
        privacy = Privacy(self.table, seed=self.seed)
        return privacy.measure(self.every_train, self.every_real, self.every_synthetic)

    @cached_property
    def pair_tables(self) -> PairTables:
        """How often classes of two columns come together, for every two columns."""
        from .pair_tables import PairTables

        return PairTables.of(self)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Distances between synthetic, training and other real rows."""
        from .neighbours import Neighbours

        return Neighbours.of(self)

    @cached_property
    def models(self) -> Models:
        """Models trained on real and on synthetic rows."""
        from .models import Models

        return Models.of(self)


def _finite(block: Block) -> Block:
    """The same rows with cells missing that no square of theirs could hold."""
    far = np.abs(block.numbers) > _FAR
    if far.any():
        numbers = np.where(far, np.nan, block.numbers)
        return Block(block.table, numbers, block.texts)
    return block


def _some(samples: Samples, block: Block, purpose: str, most: int) -> Block:
    if len(block) <= most:
        return block
    drawn = samples.generator(f"some rows: {purpose}").permutation(len(block))[:most]
    return block[np.sort(drawn)]
