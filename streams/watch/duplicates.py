"""Records that come twice: told by their ``record_id`` within a bounded stretch of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.window import ROWS_A_MESSAGE

STRETCH: Final = 10_000
MOST: Final = 100_000


class Duplicates:
    """Which records of a stream repeat one that stands shortly before them in the log.

    A record is a repeat if a record of the same identity stands at most ``stretch`` offsets and
    at most ``most`` records of the stream before it. That depends on the log alone: what was seen
    before a restart is learnt by reading again from ``first``, and none of it is kept elsewhere.

    Args:
        stretch: Offsets of the partition to look back.
        most: Records of the stream to look back: Arrow messages hold many.

    Example:
        >>> seen = Duplicates(stretch=10)
        >>> seen.repeats(["a", "b", "a"], np.array([0, 1, 2]) * ROWS_A_MESSAGE)
        array([False, False,  True])
        >>> seen.repeats(["b"], np.array([30]) * ROWS_A_MESSAGE)
        array([False])
    """

    def __init__(self, *, stretch: int = STRETCH, most: int = MOST) -> None:
        self.stretch = stretch
        self.most = most
        self._numbers: dict[str, int] = {}  # of the latest record of each identity
        self._offsets = np.empty(0, np.int64)  # of the latest records, the first of number _begin
        self._begin = 0

    def repeats(self, ids: Sequence[str], addresses: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each record is a repeat, shape (n,); the records are remembered."""
        found = np.zeros(len(ids), dtype=np.bool_)
        if not len(ids):
            return found
        self._forget(int(addresses[0]) // ROWS_A_MESSAGE)
        new = self._begin + len(self._offsets)
        numbers = range(new, new + len(ids))
        self._offsets = np.concatenate([self._offsets, addresses // ROWS_A_MESSAGE])
        known = self._numbers
        if known.keys().isdisjoint(ids) and len(set(ids)) == len(ids):
            known.update(zip(ids, numbers, strict=True))
            return found
        floors = self._floors(np.arange(new - self._begin, len(self._offsets)))
        for i, (name, number, floor) in enumerate(zip(ids, numbers, floors.tolist(), strict=True)):
            found[i] = known.get(name, -1) >= floor
            known[name] = number
        return found

    def first(self, offset: int) -> int:
        """The offset from which to read again what bears on the records from ``offset`` on."""
        at = int(np.searchsorted(self._offsets, offset))
        start = max(at - self.most, int(np.searchsorted(self._offsets, offset - self.stretch)))
        return int(self._offsets[start]) if start < at else offset

    def _floors(self, places: NDArray[np.intp]) -> NDArray[np.int64]:
        """Number of the earliest record that each record could repeat, shape (n,)."""
        near = np.searchsorted(self._offsets, self._offsets[places] - self.stretch)
        return np.asarray(self._begin + np.maximum(near, places - self.most), dtype=np.int64)

    def _forget(self, offset: int) -> None:
        """Drop what no record from an offset on can repeat."""
        kept = len(self._offsets)
        start = max(kept - self.most, int(np.searchsorted(self._offsets, offset - self.stretch)))
        self._begin += start
        self._offsets = self._offsets[start:]
        if len(self._numbers) > 2 * len(self._offsets) + self.stretch:
            floor = self._begin
            self._numbers = {name: n for name, n in self._numbers.items() if n >= floor}
