"""Records that come twice: told by their ``record_id`` within a bounded stretch of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.window import ROWS_A_MESSAGE

STRETCH: Final = 10_000


class Duplicates:
    """Which records of a stream repeat one of the last ``stretch`` messages of their partition.

    A record is a repeat if a record of the same identity stands at most ``stretch`` offsets
    before it. Whether it is depends on the log alone, so what was seen before a restart is learnt
    by reading the last ``stretch`` messages again, and none of it needs to be kept elsewhere.

    Args:
        stretch: Offsets of the partition to look back.

    Example:
        >>> seen = Duplicates(stretch=10)
        >>> seen.repeats(["a", "b", "a"], np.array([0, 1, 2]) * ROWS_A_MESSAGE)
        array([False, False,  True])
        >>> seen.repeats(["b"], np.array([30]) * ROWS_A_MESSAGE)
        array([False])
    """

    def __init__(self, *, stretch: int = STRETCH) -> None:
        self.stretch = stretch
        self._last: dict[str, int] = {}

    def repeats(self, ids: Sequence[str], addresses: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each record is a repeat, shape (n,); the records are remembered."""
        offsets = (addresses // ROWS_A_MESSAGE).tolist()
        found = np.zeros(len(ids), dtype=np.bool_)
        last = self._last
        if not last.keys().isdisjoint(ids) or len(set(ids)) < len(ids):
            for i, (name, offset) in enumerate(zip(ids, offsets, strict=True)):
                before = last.get(name)
                found[i] = before is not None and offset - before <= self.stretch
                last[name] = offset
        else:
            last.update(zip(ids, offsets, strict=True))
        if len(last) > 3 * self.stretch and offsets:
            oldest = offsets[-1] - self.stretch
            self._last = {name: offset for name, offset in last.items() if offset >= oldest}
        return found
