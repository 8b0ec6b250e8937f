"""Each column real against synthetic: how far apart, whether that is noise, and its shape."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Column, FloatArray, ObjectArray

_FEW: Final = 12  # distinct numbers that are counted one by one
_LEVELS: Final = 8  # categories told by name
_MOST_BINS: Final = 48
_TAIL: Final = 0.005
_RARE: Final = 10  # rows of both sides below which levels are compared together
_LEVEL: Final = 0.05


def marginals(real: Block, synthetic: Block) -> list[dict[str, Any]]:
    """For each column a distance with its p-value, and the shape of both distributions.

    Numbers have the Kolmogorov-Smirnov distance and its test, categories the total variation
    distance and the chi-squared test of homogeneity (levels that are rare are tested as one). A
    column differs ``beyond_noise`` where its p-value passes the procedure of Benjamini and Hochberg
    over all columns at 5 %. ``shape`` has shares of the rows: in ``edges`` of bins, at ``values``
    or of ``levels``; ``outside`` is what lies beyond the outermost bins.

    Args:
        real: n rows.
        synthetic: m rows of the same table.

    References:
        Massey, JASA 46 (1951) 68; Benjamini and Hochberg, JRSS B 57 (1995) 289.

    Example:
        >>> from halflife.schemas.table import Table
        >>> table = Table((Column(name="x"),))
        >>> low = Block.from_rows(table, [{"x": i} for i in range(40)])
        >>> high = Block.from_rows(table, [{"x": 20 + i} for i in range(40)])
        >>> found = marginals(low, high)[0]
        >>> found["measure"], found["distance"], found["beyond_noise"]
        ('KS', 0.5, True)
    """
    from scipy.stats import false_discovery_control

    found = [_marginal(column, real, synthetic) for column in real.table.columns]
    tested = [i for i, each in enumerate(found) if each["p_value"] is not None]
    if tested:
        adjusted = false_discovery_control([found[i]["p_value"] for i in tested])
        for i, p_value in zip(tested, np.atleast_1d(adjusted).tolist(), strict=True):
            found[i]["beyond_noise"] = bool(p_value <= _LEVEL)
    return found


def _marginal(column: Column, real: Block, synthetic: Block) -> dict[str, Any]:
    if column.is_number:
        numbers = [_finite(block.number(column.name)) for block in (real, synthetic)]
        measure, (distance, p_value) = "KS", _numbers_apart(*numbers)
        shape = _number_shape(*numbers)
    else:
        texts = [block.text(column.name) for block in (real, synthetic)]
        measure, (distance, p_value) = "TVD", _levels_apart(*texts)
        shape = _level_shape(*texts)
    return {
        "distance": distance,
        "measure": measure,
        "p_value": p_value,
        "beyond_noise": False,
        "shape": shape,
    }


def _finite(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _numbers_apart(real: FloatArray, synthetic: FloatArray) -> tuple[float | None, float | None]:
    if not len(real) or not len(synthetic):
        return None, None
    from scipy.stats import ks_2samp

    test = ks_2samp(real, synthetic, method="asymp")
    return float(test.statistic), float(test.pvalue)


def _levels_apart(real: ObjectArray, synthetic: ObjectArray) -> tuple[float | None, float | None]:
    if not len(real) or not len(synthetic):
        return None, None
    from scipy.stats import chi2_contingency

    counts = _counts(real, synthetic)[1]
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2.0)
    rare = counts.sum(axis=0) < _RARE
    together = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    together = together[:, together.sum(axis=0) > 0]
    if together.shape[1] < 2:
        return distance, 1.0
    return distance, float(chi2_contingency(together)[1])


def _counts(real: ObjectArray, synthetic: ObjectArray) -> tuple[list[str], FloatArray]:
    """Levels, the commonest real one first and missing cells last, and counts of shape (2, k)."""
    import pandas as pd

    sides = [pd.Series(side, dtype=object).value_counts(dropna=False) for side in (real, synthetic)]
    table = pd.concat(sides, axis=1).fillna(0)
    texts: list[Any] = [None if pd.isna(level) else str(level) for level in table.index]
    counts = table.to_numpy(dtype=np.float64).T
    order = sorted(range(len(texts)), key=lambda i: (texts[i] is None, -counts[0, i], texts[i]))
    return [texts[i] if texts[i] is not None else "(missing)" for i in order], counts[:, order]


def _level_shape(real: ObjectArray, synthetic: ObjectArray) -> dict[str, Any]:
    levels, counts = _counts(real, synthetic)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    others = 0
    if len(levels) > _LEVELS:
        others = len(levels) - (_LEVELS - 1)
        shares = np.column_stack([shares[:, : _LEVELS - 1], shares[:, _LEVELS - 1 :].sum(axis=1)])
        levels = levels[: _LEVELS - 1]
    return {
        "levels": levels,
        "others": others,
        "real": shares[0].tolist(),
        "synthetic": shares[1].tolist(),
    }


def _number_shape(real: FloatArray, synthetic: FloatArray) -> dict[str, Any]:
    pooled = np.concatenate([real, synthetic])
    values = np.unique(pooled)
    if len(values) <= _FEW:
        shares = [
            (side[:, None] == values).sum(axis=0) / max(1, len(side)) for side in (real, synthetic)
        ]
        return {
            "values": values.tolist(),
            "real": shares[0].tolist(),
            "synthetic": shares[1].tolist(),
        }
    edges = _edges(pooled)
    counts = [np.histogram(side, edges)[0] for side in (real, synthetic)]
    sizes = [max(1, len(side)) for side in (real, synthetic)]
    return {
        "edges": edges.tolist(),
        "real": (counts[0] / sizes[0]).tolist(),
        "synthetic": (counts[1] / sizes[1]).tolist(),
        "outside": [
            (len(side) - int(count.sum())) / size
            for side, count, size in zip((real, synthetic), counts, sizes, strict=True)
        ],
    }


def _edges(pooled: FloatArray) -> NDArray[np.float64]:
    """12 to 48 bins of equal width (Freedman and Diaconis) over the bulk of the values.

    The bulk is all of them, unless the outermost half percent at an end makes the picture wide.
    """
    low, high = float(pooled.min()), float(pooled.max())
    bulk = np.quantile(pooled, [_TAIL, 1.0 - _TAIL]).tolist()
    spread = bulk[1] - bulk[0]
    if spread > 0.0:
        low = max(low, bulk[0] - spread / 4.0)
        high = min(high, bulk[1] + spread / 4.0)
    inside = pooled[(pooled >= low) & (pooled <= high)]
    quartiles = np.quantile(inside, [0.25, 0.75])
    width = 2.0 * float(quartiles[1] - quartiles[0]) / np.cbrt(len(inside))
    wanted = (high - low) / width if width > 0.0 else _MOST_BINS
    count = int(np.clip(np.ceil(wanted), 12, _MOST_BINS))
    edges = np.linspace(low, high, count + 1)
    return edges if np.all(np.diff(edges) > 0) else np.array([low, np.nextafter(high, np.inf)])
