"""Expectation and maximisation for a mixture of Gaussians that also give levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp

from halflife.schemas.table import FloatArray

from .gaussian_parts import GaussianParts
from .mixed_coding import CodeArray

_ROUNDS: Final = 30
_LAST_ROUNDS: Final = 3
"""With all rows, from parts that stand still for some of them."""
_GAIN: Final = 1e-3
_MOST_ROWS: Final = 4000
_MOST_INDICATORS: Final = 32
_MEAN_PRIOR: Final = 0.01
_UNSEEN: Final = 1e-3


@dataclass(frozen=True)
class MixtureFit:
    """``p(z, c) = sum_k w_k N(z; m_k, C_k) prod_j q_kj(c_j)``.

    Args:
        parts: Weights, means and covariances.
        chances: Of each code, ``q`` of its levels in each part, shape (parts, levels).
    """

    parts: GaussianParts
    chances: tuple[FloatArray, ...]

    @classmethod
    def of(
        cls, scores: FloatArray, codes: CodeArray, sizes: Sequence[int], *, most: int, seed: int
    ) -> MixtureFit:
        """Fit with as many parts, a power of two, as rows held out speak for.

        Of at most 4,000 rows a third is held out. Twice as many parts are taken as long as the
        mean log-likelihood of those rows gains more than its standard error.

        Args:
            scores: Shape (n, p), finite.
            codes: Shape (n, q).
            sizes: How many levels each code has.
            most: Most parts.
            seed: Of the split and of the clusters that the parts begin with.
        """
        random = np.random.default_rng(np.random.SeedSequence((seed, 4)))
        order = random.permutation(len(scores))[:_MOST_ROWS]
        held, rows = order[: len(order) // 3], order[len(order) // 3 :]
        best, told = None, None
        parts = 1
        while parts <= most and parts * (scores.shape[1] + 2) <= max(len(rows), parts):
            start = _clusters(scores[rows], codes[rows], sizes, parts, random)
            fitted = _climb(scores[rows], codes[rows], sizes, start)
            likelihood = fitted.log_likelihood(scores[held], codes[held])
            if told is not None:
                gain = likelihood - told
                if gain.mean() <= gain.std() / np.sqrt(len(gain)):
                    break
            best, told = fitted, likelihood
            parts *= 2
        if best is None:
            best = _maximise(scores, codes, sizes, np.ones((len(scores), 1)))
        return _climb(scores, codes, sizes, best.odds(scores, codes), _LAST_ROUNDS)

    def log_likelihood(self, scores: FloatArray, codes: CodeArray) -> FloatArray:
        """Of each row, shape (n,)."""
        return np.asarray(logsumexp(self._log_joint(scores, codes), axis=1), dtype=np.float64)

    def odds(self, scores: FloatArray, codes: CodeArray) -> FloatArray:
        """The chance of each part given the row, shape (n, parts)."""
        joint = self._log_joint(scores, codes)
        return np.asarray(np.exp(joint - logsumexp(joint, axis=1, keepdims=True)))

    def _log_joint(self, scores: FloatArray, codes: CodeArray) -> FloatArray:
        parts = self.parts
        width = scores.shape[1]
        found = np.empty((len(scores), len(parts.weights)))
        for k, weight in enumerate(parts.weights):
            factor = np.linalg.cholesky(parts.covariances[k])
            away = (scores - parts.means[k]) @ np.linalg.inv(factor).T
            spread = np.log(np.diag(factor)).sum() + 0.5 * width * np.log(2 * np.pi)
            found[:, k] = np.log(weight) - spread - 0.5 * np.einsum("ij,ij->i", away, away)
        for j, chances in enumerate(self.chances):
            found += np.log(chances).T[codes[:, j]]
        return found


def _clusters(
    scores: FloatArray,
    codes: CodeArray,
    sizes: Sequence[int],
    parts: int,
    random: np.random.Generator,
) -> FloatArray:
    """Rows assigned to clusters, as odds, shape (n, parts)."""
    if parts == 1:
        return np.ones((len(scores), 1))
    from sklearn.cluster import KMeans

    views = [scores]
    for j, size in enumerate(sizes):
        views.append(1.0 * (codes[:, [j]] == np.arange(min(size, _MOST_INDICATORS))))
    means = KMeans(parts, n_init=1, random_state=int(random.integers(2**31)))
    found = means.fit_predict(np.concatenate(views, axis=1))
    return np.asarray(found[:, None] == np.arange(parts), dtype=np.float64)


def _climb(
    scores: FloatArray,
    codes: CodeArray,
    sizes: Sequence[int],
    odds: FloatArray,
    rounds: int = _ROUNDS,
) -> MixtureFit:
    """Rounds of both steps until the likelihood stands still."""
    before = -np.inf
    fitted = _maximise(scores, codes, sizes, odds)
    for _ in range(rounds):
        joint = fitted._log_joint(scores, codes)  # noqa: SLF001  # our own class
        each = logsumexp(joint, axis=1, keepdims=True)
        now = float(each.mean())
        if now - before < _GAIN:
            break
        before = now
        fitted = _maximise(scores, codes, sizes, np.exp(joint - each))
    return fitted


def _maximise(
    scores: FloatArray, codes: CodeArray, sizes: Sequence[int], odds: FloatArray
) -> MixtureFit:
    """The parts that rows with given odds speak for, with the priors of Fraley and Raftery."""
    rows, width = scores.shape
    count = odds.sum(axis=0)
    centre = scores.mean(axis=0)
    prior = np.diag(scores.var(axis=0) + 1e-6) / len(count) ** (2 / max(width, 1))
    sums = odds.T @ scores
    means = (sums + _MEAN_PRIOR * centre) / (count + _MEAN_PRIOR)[:, None]
    covariances = np.empty((len(count), width, width))
    for k, n in enumerate(count):
        away = scores - means[k]
        pull = means[k] - centre
        scatter = (odds[:, k, None] * away).T @ away
        scatter += prior + _MEAN_PRIOR * n / (n + _MEAN_PRIOR) * np.outer(pull, pull)
        covariances[k] = scatter / (n + 2 * width + 4)
    chances = []
    for j, size in enumerate(sizes):
        # A level that only rows held out show keeps a chance.
        share = (np.bincount(codes[:, j], minlength=size) + _UNSEEN) / (rows + _UNSEEN * size)
        found = np.stack([np.bincount(codes[:, j], part, size) for part in odds.T])
        chances.append((found + share) / (count[:, None] + 1.0))
    weights = (count + 1e-3) / (rows + 1e-3 * len(count))
    return MixtureFit(GaussianParts(weights, means, covariances), tuple(chances))
