from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors.category_drift import CategoryDrift
from halflife.monitors.column_drift import ColumnDrift
from halflife.monitors.detector_group import DetectorGroup
from halflife.monitors.errors import NotFitted
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table(
    (
        Column(name="pressure", unit="bar"),
        Column(name="flow"),
        Column(name="phase", kind=Kind.CATEGORY),
    )
)


def records(seed: int, n: int, *, shift: float = 0.0, share: float = 0.5) -> Block:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, 2))
    numbers[:, 0] += shift
    texts = np.where(rng.random((n, 1)) < share, "alpha", "beta").astype(object)
    return Block(TABLE, numbers, texts)


def group() -> DetectorGroup:
    detectors = [cls(TABLE, false_alarms=2.0) for cls in (ColumnDrift, CategoryDrift)]
    return DetectorGroup(TABLE, detectors, false_alarms=1000.0)


def test_evidence_of_several_kinds_adds_up() -> None:
    """What no kind says aloud, both together do: the mixture is the sum of its parts."""
    found = group()
    found.fit(records(0, 500))
    assert found.update(records(1, 15, shift=0.6, share=0.75)) == []
    parts = found.statistics()
    assert set(parts) == {"column", "category"}
    total = np.log1p(sum(np.expm1(nats) for nats in parts.values()))
    assert found.statistic == pytest.approx(total, abs=1e-5)
    assert found.statistic > max(parts.values()) > 0


def test_after_an_alarm_all_kinds_start_again() -> None:
    found = group()
    found.fit(records(0, 500))
    before = found.update(records(1, 40))
    assert before == []
    alarm, *_ = found.update(records(2, 60, shift=2.0))
    assert (alarm.kind, alarm.columns, alarm.direction) == ("column", ("pressure",), "up")
    assert alarm.size == pytest.approx(2.0, rel=0.3)
    assert alarm.change_point == pytest.approx(40, abs=3)
    stopped = group()
    stopped.fit(records(0, 500))
    stopped.update(
        Block.concatenate([records(1, 40), records(2, 60, shift=2.0)])[: alarm.record + 1]
    )
    assert stopped.statistic == 0.0


def test_a_promise_of_less_than_a_record_is_none() -> None:
    with pytest.raises(ValueError, match="more than 1 record, not 1"):
        DetectorGroup(TABLE, [ColumnDrift(TABLE, false_alarms=9)], false_alarms=1)
    with pytest.raises(NotFitted, match="'column', 'category': call fit"):
        group().update(records(0, 3))
