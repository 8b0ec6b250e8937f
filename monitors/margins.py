"""How far synthetic rows are from real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import unpack

FloatArray = NDArray[np.float64]
Int16Array = NDArray[np.int16]

MARGIN: Final = 1e-4
"""Resolution of kept distances, in standard deviations."""
_FAR: Final = 3.0  # a distance that is kept as "at least this"


def margins(
    real: FloatArray, rows: Mapping[str, FloatArray], before: Mapping[str, Any]
) -> dict[str, Int16Array]:
    """How far each synthetic row is from the nearest real one ever known, in steps; 0 for equal.

    Args:
        real: Points of `RowSpace`, shape (n, d).
        rows: Those of synthetic rows, shape (m, d), by batch.
        before: What was known of some of the batches, packed.

    Example:
        >>> margins(np.zeros((1, 2)), {"batch": np.array([[0.0, 0.01], [9.0, 0.0]])}, {})
        {'batch': array([  100, 30000], dtype=int16)}
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(real)
    found = {}
    for name, points in rows.items():
        distances, _ = tree.query(points, p=np.inf, distance_upper_bound=_FAR)
        steps = np.floor(np.minimum(distances, _FAR) / MARGIN).astype(np.int16)
        found[name] = np.minimum(steps, unpack(before[name])) if name in before else steps
    return found
