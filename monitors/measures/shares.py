"""Shares of two samples beside each other."""

from __future__ import annotations


def more_often(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Fisher's one-sided p-value that hits are no more frequent than in another sample.

    Args:
        hits: In the first sample.
        trials: Rows of the first sample.
        other_hits: In the other.
        other_trials: Rows of the other.

    Reference: Fisher, J. R. Statist. Soc. 85 (1922) 87.

    Example:
        >>> print(round(more_often(4, 4, 0, 4), 4))  # 1 in 70 ways to deal four hits to 8 rows
        0.0143
    """
    from scipy.stats import hypergeom

    total, marked = trials + other_trials, hits + other_hits
    return float(min(1.0, hypergeom.sf(hits - 1, total, marked, trials)))
