"""The drift detectors of river on the streams of `drift_streams`: one for each column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray
from tests.harness.drift_run import DriftRun, run_of
from tests.harness.drift_streams import (
    CHANGES,
    REFERENCE,
    SHARES,
    STREAM,
    UNCHANGED,
    changed_stream,
)

RIVER: Final = ("ADWIN", "ADWIN / m", "PageHinkley", "KSWIN")
"""At their defaults; of `ADWIN / m` the m columns share the .002."""
SLOW: Final = frozenset({"KSWIN"})
_LEVELS: Final = tuple("abcdef")
assert len(_LEVELS) == len(SHARES)


def watched_by_river(job: tuple[str, int, int]) -> list[DriftRun]:
    """One detector, d and seed, over all kinds of change.

    The columns are the d numbers and each level of the category as 0 or 1. An alarm of any is an
    alarm; each goes on as its authors made it to. The reference is what came before.
    """
    name, d, seed = job
    runs = []
    for kind in (*CHANGES, UNCHANGED):
        stream = changed_stream(kind, d, seed)
        change = STREAM if stream.change is None else stream.change
        before = REFERENCE if name not in SLOW else 100  # what the window of KSWIN holds
        past = columns_of(stream.reference)[REFERENCE - before :]
        cells = np.vstack([past, columns_of(stream.stream)])
        alarms: set[int] = set()
        end = len(cells)
        for column in range(cells.shape[1]):
            fired = _alarms(_made(name, cells.shape[1], seed), cells[:end, column], before)
            alarms.update(fired)
            after = [record for record in fired if record >= change]
            if after:  # what comes after the first alarm since the change tells nothing more
                end = min(end, before + after[0] + 1)
        runs.append(run_of(kind, stream, sorted(alarms)))
    return runs


def columns_of(block: Block) -> FloatArray:
    """The numbers, and the category one-hot: shape (n, d + levels)."""
    hot = np.column_stack([block.texts[:, 0] == level for level in _LEVELS])
    return np.hstack([block.numbers, hot.astype(float)])


def _made(name: str, columns: int, seed: int) -> Any:
    from river import drift

    makers: dict[str, Callable[[], Any]] = {
        "ADWIN": drift.ADWIN,
        "ADWIN / m": lambda: drift.ADWIN(delta=0.002 / columns),
        "PageHinkley": drift.PageHinkley,
        "KSWIN": lambda: drift.KSWIN(seed=seed),
    }
    return makers[name]()


def _alarms(detector: Any, cells: FloatArray, before: int) -> list[int]:
    """Records of the stream, counted from the end of the reference, at which it fires."""
    fired = []
    for record, cell in enumerate(cells.tolist(), -before):
        detector.update(cell)
        if detector.drift_detected and record >= 0:
            fired.append(record)
    return fired
