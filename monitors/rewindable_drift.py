"""A drift monitor that can take back the last records that it was given."""

from __future__ import annotations

from halflife.schemas.table import Block

from .alarm import DriftAlarm
from .drift import Drift

_TAPE = 2048  # records that are held to be played again; a state is taken once in so many


class RewindableDrift:
    """A `Drift` beside a state of a while ago and the records since then.

    Monitors of several recipes run through a piece of the stream one after the other. When one
    finds a fault, the others must stand where they stood at that record: they go back.

    Args:
        drift: Fitted or restored.

    Raises:
        NotFitted: For one that is neither.

    Attributes:
        drift: As it stands now.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=400)})
        >>> block = Block.from_frame(table, frame)
        >>> drift = Drift(table)
        >>> drift.fit(block[:300])
        >>> tape = RewindableDrift(drift)
        >>> _ = tape.update(block[300:])
        >>> tape.back(60)
        >>> tape.drift.seen
        40
    """

    def __init__(self, drift: Drift) -> None:
        self.drift = drift
        self._mark = drift.state()
        self._since: list[Block] = []

    def update(self, block: Block) -> list[DriftAlarm]:
        """Take the next records; see `Drift`."""
        if sum(len(part) for part in self._since) >= _TAPE:
            self._mark, self._since = self.drift.state(), []
        self._since.append(block)
        return self.drift.update(block)

    def back(self, count: int) -> None:
        """Stand as before the last ``count`` records, at most those of the last `update`."""
        played = Block.concatenate(self._since)
        self._since = [played[: len(played) - count]]
        self.drift.restore(self._mark)
        self.drift.update(self._since[0])
