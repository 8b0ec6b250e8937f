"""The correlation of the Gaussians behind columns, of which only steps may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from halflife.schemas.table import FloatArray

_TERMS: Final = 30
_HALVINGS: Final = 40
_CLOSEST: Final = 0.999
_LEAST: Final = 1e-3


def latent_correlation(means: FloatArray, edges: Sequence[FloatArray]) -> FloatArray:
    """Correlation matrix of latent Gaussians, shape (p, p), positive definite.

    A column that shows steps of a latent ``z`` is coded by ``m(z)``, the mean of ``z`` in the
    step. Such a code correlates less than ``z`` does; for two of them (Mehler)

        ``cov(m_i, m_j) = sum_k r_ij**k a_ik a_jk``,  ``a_ik = E[m_i(z) He_k(z)] / sqrt(k!)``

    which rises with ``r_ij`` as both codes rise with ``z``, and is solved for it by halving. For
    two continuous columns it is their correlation, for two binary ones the tetrachoric. The matrix
    is then drawn towards independence as far as its sampling error asks for, and made positive
    definite by lifting its eigenvalues.

    Args:
        means: The codes of rows, shape (n, p), NaN where missing.
        edges: Of each column, the edges of its steps in ``z``, ascending, from -inf to inf.

    Example:
        >>> random = np.random.default_rng(0)
        >>> z = random.multivariate_normal([0, 0], [[1, .6], [.6, 1]], 20_000)
        >>> signs = np.sqrt(2 / np.pi) * np.sign(z)
        >>> edges = [np.array([-np.inf, 0., np.inf])] * 2
        >>> float(np.corrcoef(signs.T)[0, 1].round(2))
        0.41
        >>> float(latent_correlation(signs, edges)[0, 1].round(2))
        0.6

    Reference:
        U. Olsson, F. Drasgow, N. Dorans, "The polyserial correlation coefficient", Psychometrika
        47 (1982) 337; J. Schaefer, K. Strimmer, "A shrinkage approach to large-scale covariance
        matrix estimation", Statistical Applications in Genetics and Molecular Biology 4 (2005) 32.
    """
    covariance, rows = _covariance(means)
    series = np.array([_hermite(edge) for edge in edges]).reshape(len(edges), _TERMS)
    terms = series[:, None, :] * series[None, :, :]
    low = np.full(covariance.shape, -_CLOSEST)
    high = np.full(covariance.shape, _CLOSEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = _polynomial(terms, middle) < covariance
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found = (low + high) / 2
    constant = np.diag(covariance) < _LEAST
    found[constant] = 0.0
    found[:, constant] = 0.0
    np.fill_diagonal(found, 1.0)
    return _definite(_shrunk(found, rows, ~constant[:, None] & ~constant))


def _covariance(means: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Covariances over the rows that show both columns, and how many there are, shape (p, p)."""
    there = (~np.isnan(means)).astype(np.float64)
    cells = np.where(np.isnan(means), 0.0, means)
    rows = np.maximum(there.T @ there, 1.0)
    products = cells.T @ cells / rows
    average = cells.T @ there / rows
    return products - average * average.T, rows


def _hermite(edges: FloatArray) -> FloatArray:
    """``a_k`` for ``k`` from 1, shape (terms,)."""
    density = np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi)
    share = np.diff(ndtr(edges))
    mean = -np.diff(density) / np.maximum(share, 1e-300)
    found = np.empty(_TERMS)
    finite = np.where(np.isinf(edges), 0.0, edges)
    before, now = np.zeros(len(edges)), density
    for k in range(1, _TERMS + 1):
        found[k - 1] = -(mean * np.diff(now)).sum() / np.sqrt(k)
        before, now = now, (finite * now - np.sqrt(k - 1) * before) / np.sqrt(k)
    return found


def _polynomial(terms: FloatArray, at: FloatArray) -> FloatArray:
    """``sum_k at**k terms_k``, shape (p, p)."""
    total = np.zeros(at.shape)
    for k in range(_TERMS - 1, -1, -1):
        total = (total + terms[:, :, k]) * at
    return total


def _shrunk(correlation: FloatArray, rows: FloatArray, told: NDArray[np.bool_]) -> FloatArray:
    """Off the diagonal, less by the share of the squares that is sampling error.

    Pairs with a column that does not vary tell nothing, and are left out of both sums.
    """
    off = ~np.eye(len(correlation), dtype=np.bool_)
    error = ((1 - correlation**2) ** 2 / np.maximum(rows - 1, 1))[off & told].sum()
    squares = (correlation**2)[off & told].sum()
    share = min(1.0, error / squares) if squares > 0 else 1.0
    return np.where(off, (1 - share) * correlation, correlation)


def _definite(correlation: FloatArray) -> FloatArray:
    """The matrix with eigenvalues of at least 1e-3, and ones on its diagonal again."""
    values, vectors = np.linalg.eigh(correlation)
    lifted = (vectors * np.maximum(values, _LEAST)) @ vectors.T
    lifted = (lifted + lifted.T) / 2
    scale = np.sqrt(np.diag(lifted))
    return np.asarray(lifted / np.outer(scale, scale), dtype=np.float64)
