"""What the set-points do not explain in the latest records, as the drift monitor sees it."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np

from halflife.monitors import Drift, RecipeDrift
from halflife.monitors.set_point_drift import SetPointDrift
from halflife.schemas.table import FloatArray
from halflife.streams.watch.rows import Rows
from halflife.streams.watch.stream_watch import StreamWatch

from .stream_history import column_of
from .stream_samples import StreamSamples

_MOST: Final = 1200
_BINS: Final = 40
_FEWEST: Final = 12
_QUANTILES: Final = (0.1, 0.5, 0.9)


def residual_view(watch: StreamWatch, samples: StreamSamples) -> dict[str, Any]:
    """Measured columns less what is normal at their set-points, over the latest records.

    Args:
        watch: The stream.
        samples: That remember what was normal before a change.

    Returns:
        ``columns``: of each measured column ``low``, ``median`` and ``high`` (10, 50 and 90 %) of
        the residuals in bins of records whose middles are ``records``; the unit is the spread that
        is normal at those set-points. ``until``: the last record of the old normal where it is a
        change that is looked at, else None. ``reason``: why there is nothing to see.
    """
    rows = watch.memory.latest(min(_MOST, watch.records))
    first = watch.records - len(rows)
    # As long as records of before the last change are in sight, they tell what was normal.
    reaches = watch.drift.monitor is None or first < watch.epoch_start
    changed = samples.before if watch.drift.monitor is not None else samples.normal
    old = changed if reaches else None
    monitor = watch.drift.monitor if old is None else old.monitor
    told: dict[str, Any] = {"records": [], "columns": [], "until": None, "reason": None}
    if not watch.table.set_points or not watch.table.measured:
        told["reason"] = "This stream has no set-points that measured columns could answer."
    elif monitor is None:
        told["reason"] = "What is normal at each set-point is not learnt yet."
    else:
        names, residuals = _residuals(monitor, rows)
        if residuals is None or not np.isfinite(residuals).any():
            told["reason"] = "No reference knows the set-points of the latest records yet."
        else:
            told |= _binned(residuals, names, first)
            told["until"] = None if old is None else old.until - 1
    return told


def _residuals(monitor: Drift | RecipeDrift, rows: Rows) -> tuple[list[str], FloatArray | None]:
    """Names of the measured columns, and their residuals, shape (n, columns)."""
    if isinstance(monitor, Drift):
        detector = _detector(monitor)
        if detector is None:
            return [], None
        return list(detector.columns), detector.residuals(rows.block)
    names: list[str] = []
    residuals: FloatArray | None = None
    for recipe, drift in monitor.drifts.items():
        detector = _detector(drift)
        chosen = rows.rows_of(recipe)
        if detector is None or not len(chosen):
            continue
        if residuals is None:
            names = list(detector.columns)
            residuals = np.full((len(rows), len(names)), np.nan)
        residuals[chosen] = detector.residuals(rows.block[chosen])
    return names, residuals


def _detector(drift: Drift) -> SetPointDrift | None:
    detector = drift.detectors.get(SetPointDrift.kind)
    return detector if isinstance(detector, SetPointDrift) else None


def _binned(residuals: FloatArray, names: list[str], first: int) -> dict[str, Any]:
    n = len(residuals)
    edges = np.linspace(0, n, max(1, min(_BINS, n // _FEWEST)) + 1).astype(int)
    columns: list[dict[str, Any]] = []
    for j, name in enumerate(names):
        bins = [_quantiles(residuals[a:b, j]) for a, b in itertools.pairwise(edges)]
        low, median, high = (
            column_of(np.array(side), digits=3) for side in zip(*bins, strict=True)
        )
        columns.append({"column": name, "low": low, "median": median, "high": high})
    middles = first + (edges[:-1] + edges[1:] - 1) / 2
    return {"records": column_of(middles, digits=1), "columns": columns}


def _quantiles(values: FloatArray) -> list[float]:
    known = values[np.isfinite(values)]
    return np.quantile(known, _QUANTILES).tolist() if len(known) else [np.nan] * 3
