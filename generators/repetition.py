"""Which values of a column are chosen rather than spread: levels, zeros, limits of detection."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

_LARGE_SHARE: Final = 0.05
_FEW_DISTINCT: Final = 0.5
_OFTEN: Final = 3


def repeated(values: FloatArray) -> NDArray[np.bool_]:
    """Whether each value is to be taken as it is, never smoothed, shape (n,).

    All of a column are, when its values repeat heavily: leaving out what alone makes up a
    twentieth of the rows, there is at most one distinct value for two rows. Else those are that
    occur three times or more, such as the zeros of a column that is otherwise spread.

    Args:
        values: Shape (n,), finite.

    Example:
        >>> repeated(np.array([0., 0., 0., .13, .24, .38, .71])).astype(int)
        array([1, 1, 1, 0, 0, 0, 0])
        >>> repeated(np.array([10., 10., 20., 20., 30., 30.])).all()
        np.True_
    """
    distinct, which, count = np.unique(values, return_inverse=True, return_counts=True)
    small = count < max(_OFTEN, _LARGE_SHARE * len(values))
    rows = int(count[small].sum())
    if len(distinct) == 1 or small.sum() <= _FEW_DISTINCT * rows:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray((count >= _OFTEN)[which], dtype=np.bool_)
