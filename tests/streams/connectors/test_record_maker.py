"""From what a source gave to a record: names, units, times, identities, and why not."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.errors import MessageError
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.sources.other_source import OtherSource
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.record_maker import RecordMaker
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.source_time import source_time, zone_of
from halflife.streams.connectors.units import Units

STREAM = StreamPlan(
    name="opv",
    column={
        "heat": {"role": "set-point", "unit": "K", "min": 0},
        "turns": {"role": "set-point", "kind": "integer"},
        "solvent": {"role": "context", "kind": "category"},
        "loss": {"role": "measured"},
    },
)
NOW = 1_795_000_000.0


def maker(**keys: Any) -> RecordMaker:
    plan = OtherSource.model_validate({"name": "opv", "type": "acme", **keys})
    return RecordMaker(plan, STREAM, clock=lambda: NOW)


def arrival(values: dict[str, Any], **more: Any) -> Arrival:
    return Arrival(values=values, address="here", record_id="r1", **more)


def made(values: dict[str, Any], *, plan: dict[str, Any] | None = None, **more: Any) -> Any:
    found = maker(**(plan or {})).take(arrival(values, **more))
    assert isinstance(found, ExperimentRecord), found
    return found


def why_not(values: dict[str, Any], *, plan: dict[str, Any] | None = None, **more: Any) -> Refusal:
    found = maker(**(plan or {})).take(arrival(values, **more))
    assert isinstance(found, Refusal), found
    return found


def test_values_are_read_as_the_columns_want_them() -> None:
    record = made({"heat": " 300.5 ", "turns": "7", "solvent": 3, "loss": np.float64(2.5), "x": 1})
    assert record.values == {"heat": 300.5, "turns": 7, "solvent": "3", "loss": 2.5}
    assert record.instrument == "opv"
    assert record.time == datetime.fromtimestamp(NOW, UTC)


@pytest.mark.parametrize("missing", [None, "", "  ", "NaN", "n/a", math.nan])
def test_a_missing_number_is_a_missing_cell(missing: object) -> None:
    assert made({"heat": missing, "loss": 1}).values == {"heat": None, "loss": 1}


def test_cells_are_found_by_their_paths() -> None:
    plan = {"column": {"heat": "a.b.1", "loss": {"from": "c d"}}}
    record = made({"a": {"b": [1.0, 2.0]}, "c d": 5, "heat": 9}, plan=plan)
    assert record.values == {"heat": 2.0, "loss": 5}


def test_units_are_converted_and_those_that_cannot_be_are_refused() -> None:
    assert made({"heat": 25.0}, units={"heat": "degC"}).values["heat"] == pytest.approx(298.15)
    assert made({"heat": 77.0}, plan={"column": {"heat": {"from": "heat", "unit": "degF"}}}).values[
        "heat"
    ] == pytest.approx(298.15)
    wrong = why_not({"heat": 25.0}, units={"heat": "volt"})
    assert (wrong.error.reason, wrong.error.path) == ("unit", "values.heat")
    assert "'volt' where 'K' is due" in wrong.error.text
    assert (
        "'floops' is no unit that is known"
        in why_not({"heat": 1.0}, units={"heat": "floops"}).error.text
    )
    # What the lab file says comes before what the source says.
    plan = {"column": {"heat": {"from": "heat", "unit": "K"}}}
    assert made({"heat": 25.0}, plan=plan, units={"heat": "volt"}).values == {"heat": 25.0}


def test_envelope_out_of_the_source() -> None:
    plan = {
        "time_from": "meta.t",
        "id_from": "meta.id",
        "instrument_from": "meta.who",
        "recipe_from": "meta.how",
    }
    meta = {"t": "2026-11-22T10:00:00+01:00", "id": 17, "who": "robot-2", "how": "hot"}
    record = made({"loss": 1, "meta": meta}, plan=plan)
    assert (record.record_id, record.instrument, record.recipe) == ("17", "robot-2", "hot")
    assert record.time == datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "plan", "reason", "path"),
    [
        ({"x": 1}, {}, "no-columns", "values"),
        ({}, {}, "no-columns", "values"),
        ({"loss": "high"}, {}, "wrong-type", "values.loss"),
        ({"loss": [1, 2]}, {}, "wrong-type", "values.loss"),
        ({"loss": math.inf}, {}, "not-finite", "values.loss"),
        ({"heat": -1}, {}, "out-of-range", "values.heat"),
        ({"turns": 1.5}, {}, "wrong-type", "values.turns"),
        ({"loss": 1}, {"time_from": "t"}, "missing-field", "t"),
        ({"loss": 1, "t": "soon"}, {"time_from": "t"}, "bad-time", "t"),
        ({"loss": 1, "t": "2026-11-22T10:00"}, {"time_from": "t"}, "time-without-zone", "t"),
        ({"loss": 1}, {"id_from": "id"}, "missing-field", "id"),
    ],
)
def test_what_is_no_record_is_told(
    values: dict[str, Any], plan: dict[str, Any], reason: str, path: str
) -> None:
    refusal = why_not(values, plan=plan)
    assert (refusal.error.reason, refusal.error.path) == (reason, path)
    assert refusal.address == "here"
    assert refusal.raw  # what came is kept, whatever it was


def test_what_was_nearly_a_record_can_be_sent_again() -> None:
    refusal = why_not({"heat": -1})
    assert refusal.is_record
    assert ExperimentRecord.from_bytes(refusal.raw).values == {"heat": -1}


def test_long_identities_stay_apart() -> None:
    plan = {"id_from": "id"}
    one, two = (made({"loss": 1, "id": "x" * 300 + end}, plan=plan).record_id for end in "ab")
    assert one != two
    assert len(one) <= 200


CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=8)
    | st.lists(st.floats(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@given(st.dictionaries(st.sampled_from(["heat", "turns", "solvent", "loss", "x"]), CELLS))
def test_anything_becomes_a_record_that_can_be_read_or_a_refusal(values: dict[str, Any]) -> None:
    found = maker().take(arrival(values))
    if isinstance(found, ExperimentRecord):
        assert ExperimentRecord.from_bytes(found.to_bytes()) == found
    else:
        assert found.error.text


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants them bare
def test_a_time_is_the_same_in_every_unit(time: datetime) -> None:
    time = time.replace(microsecond=time.microsecond // 1000 * 1000)
    seconds = time.timestamp()
    for value in (seconds, f"{seconds:.3f}", time.isoformat(), time):
        assert abs((source_time(value, None) - time).total_seconds()) < 1e-3
    if seconds > 1e8:  # before 1973, milliseconds and seconds look alike
        for factor in (1e3, 1e6, 1e9):
            found = source_time(round(seconds * factor), None)
            assert abs((found - time).total_seconds()) < 1e-3


@given(st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.booleans()))
def test_what_is_no_time_is_refused(value: object) -> None:
    try:
        assert source_time(value, UTC).tzinfo is not None
    except MessageError as error:
        assert error.reason == "bad-time"  # noqa: PT017  # it may be a time


def test_zones() -> None:
    assert source_time("2026-07-01 12:00", zone_of("Europe/Berlin")) == datetime(
        2026, 7, 1, 10, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="is no time zone"):
        zone_of("Mars/Crater")


@given(st.floats(-1e6, 1e6))
def test_units_agree_with_their_definitions(value: float) -> None:
    units = Units()
    assert units.convert(value, "degF", "degC", "t") == pytest.approx((value - 32) / 1.8, abs=1e-6)
    assert units.convert(value, "mL", "L", "v") == pytest.approx(value / 1000)
    assert units.convert(value, "%", "1", "f") == pytest.approx(value / 100)
    assert units.convert(value, "K", "K", "t") == value


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_two_units_convert_or_are_refused(given_unit: str, due: str) -> None:
    try:
        Units().convert(1.0, given_unit, due, "t")
    except MessageError as error:
        assert error.reason == "unit"  # noqa: PT017  # they may be units
