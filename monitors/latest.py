"""The latest records, as codes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .rank_scores import RankScores

Int16Array = NDArray[np.int16]

KEPT: Final = 127
"""Records before the next block that are kept."""


class Latest:
    """The codes of the records of the last block and of 127 before it.

    An alarm in that block can then be told from 128 records, wherever the block was cut. Before
    the first record are missing cells.

    Args:
        columns: d.

    Attributes:
        seen: Records so far.

    Example:
        >>> latest = Latest(1)
        >>> for start in range(0, 400, 100):
        ...     latest.take(np.arange(start, start + 100, dtype=np.int16)[None])
        >>> latest.seen, latest.between(0, 398)[0, [0, -1]].tolist()
        (400, [270, 397])
    """

    def __init__(self, columns: int) -> None:
        self.seen = 0
        self._codes: Int16Array = np.full((columns, KEPT), RankScores.missing, dtype=np.int16)

    def take(self, codes: Int16Array) -> None:
        """The next records, shape (d, n)."""
        self._codes = np.concatenate([self._codes[:, -KEPT:], codes], axis=1)
        self.seen += codes.shape[1]

    def between(self, first: int, last: int) -> Int16Array:
        """Of the records from ``first`` to before ``last``, at most the latest 128; shape (d, n).

        ``last`` lies in the last block.
        """
        begun = self.seen - self._codes.shape[1]
        return self._codes[:, max(first, last - KEPT - 1) - begun : last - begun]

    def rest(self) -> None:
        """Forget all."""
        self.seen = 0
        self._codes = np.full((len(self._codes), KEPT), RankScores.missing, dtype=np.int16)

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {"seen": self.seen, "codes": pack(self._codes[:, -KEPT:])}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Latest:
        """The records that gave this state."""
        codes = unpack(state["codes"])
        latest = cls(len(codes))
        latest.seen, latest._codes = int(state["seen"]), codes
        return latest
