"""The latest rows of a stream: their places are kept, they themselves stand in the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Table
from halflife.schemas.window import Window

from .rows import Rows


class Memory:
    """The last ``capacity`` rows of a stream.

    Its state is where the rows begin and end; after a restart they are read from the log again
    and handed to ``refill``.

    Args:
        table: Of the stream.
        partition: That the stream lives in.
        capacity: Rows to remember.
    """

    def __init__(self, table: Table, partition: int, capacity: int) -> None:
        self.table = table
        self.partition = partition
        self.capacity = capacity
        self._parts: deque[Rows] = deque()
        self._held = 0
        self._repeats: list[int] = []

    def append(self, rows: Rows) -> None:
        """The next rows of the stream."""
        self._parts.append(rows)
        self._held += len(rows)
        while self._held - len(self._parts[0]) >= self.capacity:
            self._held -= len(self._parts.popleft())

    def note_repeats(self, addresses: NDArray[np.int64]) -> None:
        """Rising places of records that were left out because they came twice."""
        last = self._repeats[-1] if self._repeats else -1
        addresses = addresses[addresses > last]
        if len(addresses) == 0:
            return
        first = self._parts[0].addresses[0] if self._held else 0
        self._repeats = [a for a in self._repeats if a >= first] + addresses.tolist()

    def __len__(self) -> int:
        """How many rows it could give."""
        return min(self._held, self.capacity)

    def leave_out(self, rows: NDArray[np.bool_]) -> None:
        """Forget some of its rows for good, and keep them out of all windows.

        Args:
            rows: Which of `latest` of all of them, shape (len(self),).
        """
        known = self.latest(len(self))
        out = known.addresses[rows].tolist()
        self._parts = deque([known[~rows]] if not rows.all() else [])
        self._held = len(known) - len(out)
        self._repeats = sorted({*self._repeats, *out})

    def latest(self, count: int) -> Rows:
        """The last ``count`` rows, or as many as there are."""
        count = min(count, self.capacity, self._held)
        if count == 0:
            return Rows.empty(self.table)
        taken: list[Rows] = []
        due = count
        for part in reversed(self._parts):
            taken.append(part if len(part) <= due else part[len(part) - due :])
            due -= len(taken[-1])
            if due == 0:
                break
        return Rows.concatenate(taken[::-1])

    def window(self, rows: Rows) -> Window:
        """The places of some neighbouring rows of this memory, at least one."""
        return Window.of(
            self.partition,
            rows.addresses.tolist(),
            repeats=self._repeats,
            digest=rows.block.digest(),
        )

    def state(self) -> dict[str, Any]:
        """Where the rows stand, as plain data."""
        rows = self.latest(self.capacity)
        if len(rows) == 0:
            return {"rows": 0, "first": 0, "last": 0, "repeats": []}
        first, last = int(rows.addresses[0]), int(rows.addresses[-1])
        # Those behind the last row stand between it and the next one.
        repeats = [a for a in self._repeats if a > first]
        return {"rows": len(rows), "first": first, "last": last, "repeats": repeats}

    def refill(self, state: dict[str, Any], rows: Sequence[Rows]) -> int:
        """Take back rows that were read from the log again; how many of them are gone from it."""
        self._parts.clear()
        self._held = 0
        self._repeats = list(state["repeats"])
        out = np.array(state["repeats"], dtype=np.int64)
        for part in rows:
            keep = (part.addresses >= state["first"]) & (part.addresses <= state["last"])
            keep &= ~np.isin(part.addresses, out)
            if keep.any():
                self.append(part[keep])
        return int(state["rows"]) - self._held
