"""By which columns a classifier tells real rows from synthetic ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from halflife.monitors.features import features
from halflife.schemas.table import Block, FloatArray

_ROWS: Final = 600  # of a side: half of them train, half are told apart, then the other way round
_TREES: Final = 60
_MOST_COLUMNS: Final = 10
_REPEATS: Final = 3
_LEVEL: Final = 0.05
_WIDENING: Final = 1.25


def telling(real: Block, synthetic: Block, *, seed: int) -> dict[str, Any] | None:
    r"""The columns that betray the batch: permutation importance of a classifier two-sample test.

    Extremely randomised trees learn half of the rows and tell the other half apart, in both
    directions. The importance of a column is by how much the area under the ROC curve falls when
    the column is shuffled among the rows that are told apart: what it adds to all others. Its
    interval is that of the difference of two areas over the same rows (DeLong); a column counts as
    ``beyond_noise`` at 5 %, shared among those that were looked at.

    Args:
        real: At least 20 rows, or there is nothing to say.
        synthetic: The same.
        seed: Of rows, trees and shuffles.

    Returns:
        ``area`` with all columns, the ``noise`` up to which an area says nothing, and for each of
        the columns that the trees used most its ``drop``
        with the 95 % interval, the largest first; None for too few rows.

    References:
        Breiman, Machine Learning 45 (2001) 5; DeLong, DeLong and Clarke-Pearson, Biometrics 44
        (1988) 837.
    """
    size = min(len(real), len(synthetic), _ROWS)
    if size < 20:
        return None
    random = np.random.default_rng(seed)
    rows = Block.concatenate(
        [block[np.sort(random.permutation(len(block))[:size])] for block in (real, synthetic)]
    )
    groups = [features([rows], [name])[0] for name in rows.table.names]
    owner = np.repeat(np.arange(len(groups)), [group.shape[1] for group in groups])
    matrix = np.hstack(groups)
    order = random.permutation(size)
    halves = [np.concatenate([half, size + half]) for half in (order[::2], order[1::2])]
    models = [_trained(matrix[half], half >= size, seed) for half in halves]
    used = np.zeros(len(groups))
    np.add.at(used, owner, sum(_importances(model) for model in models))
    looked_at = np.argsort(-used, kind="stable")[:_MOST_COLUMNS]
    before, after = np.zeros((2, size)), np.zeros((len(looked_at), 2, size))
    for model, test in zip(models, halves[::-1], strict=True):
        place = test[: len(test) // 2]
        whole, shuffled = _suspicions(model, matrix[test], owner, looked_at, random)
        before[:, place] = _placements(whole)
        after[:, :, place] = np.mean([_all_placements(each) for each in shuffled], axis=0)
    area, noise = float(before[0].mean()), _chance(size)
    drops = [_drop(before, each, len(looked_at), tells=area > noise) for each in after]
    names = rows.table.names
    columns = [
        {"column": names[i], **drop} for i, drop in zip(looked_at.tolist(), drops, strict=True)
    ]
    return {
        "area": area,
        "noise": noise,
        "rows": size,
        "columns": sorted(columns, key=lambda each: -each["drop"]),
        "more": len(names) - len(columns),
    }


def _trained(matrix: FloatArray, is_synthetic: Any, seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(_TREES, min_samples_leaf=3, random_state=seed, n_jobs=1)
    return model.fit(matrix, is_synthetic)


def _importances(model: Any) -> FloatArray:
    """How much impurity each feature removed; the forest's own fails where all rows are equal."""
    each = [tree.tree_.compute_feature_importances() for tree in model.estimators_]
    return np.asarray(np.mean(each, axis=0))


def _suspicions(
    model: Any, matrix: FloatArray, owner: Any, columns: Any, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """How synthetic each row looks: as it is, (n,), and with columns shuffled, (repeats, k, n)."""
    copies = [matrix]
    for _ in range(_REPEATS):
        for column in columns:
            copy = matrix.copy()
            mine = np.flatnonzero(owner == column)
            copy[:, mine] = matrix[random.permutation(len(matrix))][:, mine]
            copies.append(copy)
    told = model.predict_proba(np.vstack(copies))[:, 1].reshape(len(copies), len(matrix))
    return told[0], told[1:].reshape(_REPEATS, len(columns), len(matrix))


def _all_placements(suspicions: FloatArray) -> FloatArray:
    return np.stack([_placements(each) for each in suspicions])


def _placements(suspicion: FloatArray) -> FloatArray:
    """The share of the other side that each row is on the right side of, shape (2, n/2)."""
    from scipy.stats import rankdata

    n = len(suspicion) // 2
    pooled = rankdata(suspicion)
    real = 1.0 - (pooled[:n] - rankdata(suspicion[:n])) / n
    synthetic = (pooled[n:] - rankdata(suspicion[n:])) / n
    return np.stack([real, synthetic])


def _chance(size: int) -> float:
    """The area that 95 % of the classifiers stay under that have nothing to tell.

    As in the joint part of the fidelity: Hanley and McNeil, Radiology 143 (1982) 29, equation 2,
    widened because the classifiers are trained on rows of the same samples.
    """
    return float(0.5 + 1.645 * _WIDENING * np.sqrt((2 * size + 1) / (12 * size**2)))


def _drop(before: FloatArray, after: FloatArray, looked_at: int, *, tells: bool) -> dict[str, Any]:
    from scipy.stats import norm

    apart = before - after
    drop = float(apart[0].mean())
    error = float(np.sqrt((apart.var(axis=1, ddof=1) / apart.shape[1]).sum()))
    return {
        "drop": drop,
        "interval": [drop - 1.96 * error, drop + 1.96 * error],
        "beyond_noise": tells and bool(drop > error * norm.ppf(1.0 - _LEVEL / looked_at)),
    }
