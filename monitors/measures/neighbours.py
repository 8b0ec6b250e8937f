"""How near synthetic, training and other real rows are to each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from halflife.monitors.errors import NothingMeasurable
from halflife.monitors.gower_rows import GowerRows
from halflife.schemas.table import Block, FloatArray

if TYPE_CHECKING:
    from .comparison import Comparison

_MOST_ROWS: Final = 1_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Equally many training and held-out rows, and synthetic ones, at most 1,000 of each.

    Distances are Gower's (`GowerRows`).

    Args:
        train: Rows that made the batch.
        held_out: As many real rows that did not.
        synthetic: The batch.
    """

    train: Block
    held_out: Block
    synthetic: Block

    @classmethod
    def of(cls, comparison: Comparison) -> Neighbours:
        """Draw them.

        Raises:
            NothingMeasurable: Where the training rows are not known.
        """
        if comparison.train is None:
            raise NothingMeasurable("it needs the training rows")
        size = min(len(comparison.train), len(comparison.real), _MOST_ROWS)
        return cls(
            comparison.some(comparison.train, "neighbours, train", size),
            comparison.some(comparison.real, "neighbours, real", size),
            comparison.some(comparison.synthetic, "neighbours, synthetic", _MOST_ROWS),
        )

    @property
    def sizes(self) -> dict[str, int]:
        """How many rows are looked at."""
        return {
            "train": len(self.train),
            "real": len(self.held_out),
            "synthetic": len(self.synthetic),
        }

    @cached_property
    def rows(self) -> tuple[GowerRows, GowerRows, GowerRows]:
        """Training, held-out and synthetic rows."""
        train, held_out, synthetic = GowerRows.of([self.train, self.held_out, self.synthetic])
        return train, held_out, synthetic

    @cached_property
    def synthetic_to_train(self) -> FloatArray:
        """Distance of each synthetic row to the nearest training row."""
        return self.rows[2].nearest(self.rows[0])

    @cached_property
    def held_out_to_train(self) -> FloatArray:
        """Distance of each held-out row to the nearest training row."""
        return self.rows[1].nearest(self.rows[0])

    @cached_property
    def train_to_synthetic(self) -> FloatArray:
        """Distance of each training row to the nearest synthetic row."""
        return self.rows[0].nearest(self.rows[2])

    @cached_property
    def held_out_to_synthetic(self) -> FloatArray:
        """Distance of each held-out row to the nearest synthetic row."""
        return self.rows[1].nearest(self.rows[2])
