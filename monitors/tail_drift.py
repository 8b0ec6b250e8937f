"""Drift of tails: values as extreme as almost none in the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from halflife.schemas.table import Block, Table

from .arrays import pack, unpack
from .bernoulli_bank import BernoulliBank
from .column_drift import answering
from .components import Components
from .cusum_mixture import Crossing
from .detector import Detector, Finding
from .inflation import inflation
from .readings import Readings
from .wording import share

FloatArray = NDArray[np.float64]


class TailDrift(Detector):
    """A column with more extreme values than the reference.

    Two events a column: a value beyond the reference's extremes, and one beyond its
    ``r = max(2, n / 200)`` th order statistics from either end. Their rates have Beta(2 r, n + 1 -
    2 r) distributions whatever that of the column is, so the bounds of `BernoulliBank` hold
    exactly, for heavy tails too.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> import pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="signal"),))
        >>> rng = np.random.default_rng(0)
        >>> frame = pd.DataFrame({"signal": rng.normal(size=1000)})
        >>> detector = TailDrift(table, false_alarms=1000)
        >>> detector.fit(Block.from_frame(table, frame[:500]))
        >>> frame.loc[500::4, "signal"] *= 20
        >>> detector.update(Block.from_frame(table, frame[500:]))[0].record < 100
        True

    References:
        Wilks, "Determination of sample sizes for setting tolerance limits", Annals of Mathematical
        Statistics 12 (1941).
    """

    kind: ClassVar[str] = "tail"
    ratios: ClassVar[tuple[float, ...]] = (3.0, 10.0)
    _limits: FloatArray  # shape (2, events): low, high
    _bank: BernoulliBank

    @classmethod
    def watched(cls, table: Table) -> tuple[str, ...]:
        """Measured and derived numbers of a table without set-points."""
        return answering(table)

    def _learn(self, reference: Block) -> Components:
        values = np.repeat(reference.matrix(self.columns), 2, axis=1)
        self._limits = np.zeros((2, values.shape[1]))
        for event, column in enumerate(values.T):
            ordered = np.sort(column[~np.isnan(column)])
            rank = 1 if event % 2 == 0 else max(2, len(ordered) // 200)
            if len(ordered) >= 2 * rank:
                self._limits[:, event] = ordered[rank - 1], ordered[-rank]
        events, present = self._events(reference)
        # So few events cannot tell how they cluster; the ranks of all values can.
        dependence = [
            inflation(rankdata(column, nan_policy="omit"), known) if known.any() else 1.0
            for column, known in zip(values.T, present, strict=True)
        ]
        self._bank = BernoulliBank(
            events.sum(axis=1) + 1.0,  # 2 r - 1, and a bound from k events is Beta(k + 1, ...)
            present.sum(axis=1).astype(np.float64),
            np.array(dependence),
            ratios=self.ratios,
        )
        return self._bank.components

    def _events(self, block: Block) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each value lies beyond its limits, shape (events, n), and whether it is there."""
        columns = np.ascontiguousarray(block.matrix(self.columns).T)
        low, high = self._limits.reshape(2, len(columns), 2, 1)
        values = columns[:, None]
        events = (values < low) | (values > high)
        present = np.repeat(~np.isnan(columns), 2, axis=0)
        return events.reshape(present.shape), present

    def _read(self, block: Block) -> Readings:
        return self._bank.read(*self._events(block))

    def _tell(self, crossing: Crossing) -> Finding:
        event = self._bank.event(crossing.leader)
        column = self.table.column(self.columns[event // 2])
        low, high = self._limits[:, event]
        unit = "" if column.unit == "1" else f" {column.unit}"
        return Finding(
            columns=(column.name,),
            direction="spread",
            size=None,
            text=(
                f"{column.name} is below {low:.4g} or above {high:.4g}{unit} in "
                f"{share(crossing.mean)} of the records ({share(self._bank.share(event))} before)"
            ),
        )

    def _learned(self) -> dict[str, Any]:
        return {"bank": self._bank.state(), "limits": pack(self._limits)}

    def _relearn(self, learned: Mapping[str, Any]) -> Components:
        self._limits = unpack(learned["limits"])
        self._bank = BernoulliBank.of_state(learned["bank"], ratios=self.ratios)
        return self._bank.components
