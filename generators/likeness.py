"""How alike rows are, for models that need no more than that."""

from __future__ import annotations

import numpy as np

from halflife.schemas.table import FloatArray


def likeness(some: FloatArray, others: FloatArray, scale: float) -> FloatArray:
    r"""Mean of two exponential kernels, in (0, 1], shape (n, m).

    .. math:: k(x, y) = \tfrac12 \exp(-s \, \overline{|x - y|})
              + \tfrac12 \exp\bigl(-s \sqrt{\overline{(x - y)^2}}\bigr)

    Args:
        some: Features of about unit variance, shape (n, f).
        others: Likewise, shape (m, f).
        scale: s. Larger sees finer detail and needs more rows.

    Reference: C. Rasmussen, C. Williams, Gaussian Processes for Machine Learning (2006), section
    4.2.

    Example:
        >>> likeness(np.array([[0.0]]), np.array([[0.0], [2.0]]), 1.0).round(3)
        array([[1.   , 0.135]])
    """
    from scipy.spatial.distance import cdist

    width = max(some.shape[1], 1)
    city = cdist(some, others, "cityblock") * (scale / width)
    direct = cdist(some, others, "euclidean") * (scale / np.sqrt(width))
    return np.asarray((np.exp(-city) + np.exp(-direct)) / 2.0)
