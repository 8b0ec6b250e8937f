"""A monitor that can take back the last records that it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any, Final, Generic, Protocol, TypeVar

from .alarm import DriftAlarm

_TAPE: Final = 2048  # records that are held to be played again; a state is taken once in so many


class _Runs(Protocol):
    def update(self, rows: Any, /) -> list[DriftAlarm]: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any], /) -> None: ...


MonitorT = TypeVar("MonitorT", bound=_Runs)
RowsT = TypeVar("RowsT", bound=Sized)


class Rewindable(Generic[MonitorT, RowsT]):
    """A monitor beside a state of a while ago and the records since then.

    Monitors of several recipes, and that of the timing beside that of drift, run through a piece of
    the stream one after the other. When one finds something, the others must stand where they stood
    at that record: they go back.

    Args:
        monitor: Fitted or restored.
        join: Puts what it was given one after the other.

    Raises:
        NotFitted: For one that is neither.

    Attributes:
        monitor: As it stands now.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.monitors import Drift
        >>> from halflife.schemas.table import Block, Column, Table
        >>> table = Table((Column(name="x"),))
        >>> frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=400)})
        >>> block = Block.from_frame(table, frame)
        >>> drift = Drift(table)
        >>> drift.fit(block[:300])
        >>> tape = Rewindable(drift, Block.concatenate)
        >>> _ = tape.update(block[300:])
        >>> tape.back(60)
        >>> tape.monitor.seen
        40
    """

    def __init__(self, monitor: MonitorT, join: Callable[[Sequence[RowsT]], Any]) -> None:
        self.monitor, self._join = monitor, join
        self._mark = monitor.state()
        self._since: list[RowsT] = []

    def update(self, rows: RowsT) -> list[DriftAlarm]:
        """Take the next records; the alarms of the monitor."""
        if sum(map(len, self._since)) >= _TAPE:
            self._mark, self._since = self.monitor.state(), []
        self._since.append(rows)
        return self.monitor.update(rows)

    def back(self, count: int) -> None:
        """Stand as before the last ``count`` records, at most those of the last `update`."""
        if not count:
            return
        played = self._join(self._since)
        self._since = [played[: len(played) - count]]
        self.monitor.restore(self._mark)
        self.monitor.update(self._since[0])
