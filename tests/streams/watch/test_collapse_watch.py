"""A collapse halts regeneration, and what lifts the halt."""

from __future__ import annotations

import orjson
import pytest

from halflife.schemas.table import Block
from halflife.streams.watch.alert_book import AlertBook
from halflife.streams.watch.collapse_watch import CollapseWatch
from halflife.streams.watch.moment import Moment
from halflife.streams.watch.rows import Rows

from .stories import PROMISES, lab, opv_values, plans, rows_from

PLAN = plans(lab("opv", PROMISES))["opv"]


def moment(record: int) -> Moment:
    return Moment("opv", record, record, float(record))


@pytest.fixture(scope="module")
def reference() -> Rows:
    return rows_from(PLAN, opv_values(120, 0, 0))


@pytest.fixture(scope="module")
def batches() -> tuple[Block, Block]:
    """A good one, and one that is all the same row."""
    rows = rows_from(PLAN, opv_values(400, 0, 1)).block
    return rows, rows[[0] * 100]


def begun(reference: Rows) -> tuple[CollapseWatch, AlertBook]:
    watch, alerts = CollapseWatch(PLAN), AlertBook()
    assert watch.begin(reference, moment(119), alerts) == []
    return watch, alerts


def test_a_collapse_halts_and_enough_real_records_lift_it(
    reference: Rows, batches: tuple[Block, Block]
) -> None:
    watch, alerts = begun(reference)
    assert watch.measure(batches[0], moment(150), alerts) == []
    assert watch.text is not None
    assert watch.measure(batches[1], moment(200), alerts) == []
    (alert,) = watch.measure(batches[1], moment(300), alerts)
    assert (alert.kind, alert.severity, alert.status) == ("collapse", "critical", "firing")
    assert "halflife regenerate opv" in alert.text
    assert watch.halted
    assert watch.due == 301 + PLAN.reference
    assert watch.proceed(300 + PLAN.reference, moment(400), alerts) == []
    (over,) = watch.proceed(watch.due, moment(420), alerts)
    assert (over.kind, over.status) == ("collapse", "resolved")
    assert not watch.halted


def test_a_person_or_another_epoch_lifts_it_too(
    reference: Rows, batches: tuple[Block, Block]
) -> None:
    watch, alerts = begun(reference)
    for record, batch in enumerate((*batches, batches[1])):
        watch.measure(batch, moment(record), alerts)
    assert watch.halted
    assert len(watch.lift("a person goes on", moment(5), alerts)) == 1
    watch.measure(batches[1], moment(6), alerts)
    assert watch.halted
    assert len(watch.begin(reference, moment(7), alerts)) == 1
    assert not watch.halted
    assert watch.ratio is None


def test_its_state_goes_on_through_json(reference: Rows, batches: tuple[Block, Block]) -> None:
    watch, alerts = begun(reference)
    for record, batch in enumerate(batches):
        watch.measure(batch, moment(record), alerts)
    state = watch.state()
    other = CollapseWatch(PLAN)
    other.restore(orjson.loads(orjson.dumps(state)))
    said = [
        each.measure(batches[1], moment(2), book)
        for each, book in ((watch, alerts), (other, AlertBook()))
    ]
    assert said[0] == said[1]
    assert watch.state() == other.state()


def test_a_reference_with_few_held_out_rows_goes_unguarded(
    reference: Rows, batches: tuple[Block, Block]
) -> None:
    watch, alerts = CollapseWatch(PLAN), AlertBook()
    watch.begin(reference[:40], moment(39), alerts)
    assert watch.measure(batches[1], moment(40), alerts) == []
    assert watch.text is None
