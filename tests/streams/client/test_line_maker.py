"""Any values: what arrives is what was recorded, and nothing is ever raised."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.record import ExperimentRecord
from halflife.streams.client.line import Line
from halflife.streams.client.line_maker import LineMaker


def maker() -> LineMaker:
    return LineMaker("robot", clock=lambda: 1_700_000_000.25)


def made(*arguments: object, **more: Any) -> Line:
    columns = more.pop("columns", {})
    return maker().make(arguments, columns, **more)


def values_of(line: Line) -> dict[str, Any]:
    assert line.refused is None, line.refused
    return dict(json.loads(line.json)["values"])


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Angry:
    """Raises whatever is done with it."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __float__(self) -> float:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (0.2, 0.2),
        (7, 7),
        (2**62, 2**62),
        ("thf", "thf"),
        ("", ""),
        (None, None),
        (True, 1),
        (float("nan"), None),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (np.int16(-3), -3),
        (np.uint64(2**63), 2**63),
        (np.bool_(True), 1),
        (np.str_("a"), "a"),
        (np.array(1.5), 1.5),
        (np.array([1.5]), 1.5),
        (np.datetime64("2026-11-30T10:00"), "2026-11-30T10:00"),
        (np.datetime64("NaT"), None),
        (np.ma.masked, None),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2026-11-30T10:00Z"), "2026-11-30T10:00:00+00:00"),
        (Decimal("0.25"), 0.25),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Fraction(1, 4), 0.25),
        (datetime(2026, 11, 30, 10, tzinfo=UTC), "2026-11-30T10:00:00+00:00"),
        (date(2026, 11, 30), "2026-11-30"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
    ],
)
def test_scalars_of_the_usual_kinds(value: object, arrives: object) -> None:
    found = values_of(made("opv", {"x": value}))["x"]
    assert found == arrives
    assert type(found) is type(arrives)


@pytest.mark.parametrize(
    ("value", "reason", "text"),
    [
        (float("inf"), "not-finite", "not inf"),
        (np.float32("-inf"), "not-finite", "not -inf"),
        (Decimal("Infinity"), "not-finite", "not inf"),
        (Decimal("1e999"), "not-finite", "not inf"),
        ([1], "wrong-type", "not list: [1]"),
        ({"a": 1}, "wrong-type", "not dict"),
        (b"a", "wrong-type", "not bytes"),
        (1j, "wrong-type", "not complex"),
        (np.complex128(1), "wrong-type", "not complex128"),
        (np.array([1, 2]), "wrong-type", "not ndarray"),
        (np.array([]), "wrong-type", "not ndarray"),
        (np.array([None]), "wrong-type", "not ndarray"),
        (np.timedelta64(3, "s"), "wrong-type", "not timedelta64"),
        (timedelta(1), "wrong-type", "not timedelta"),
        (pd.Series([1.0, 2.0]), "wrong-type", "not Series"),
        (object(), "wrong-type", "not object"),
        (pint.UnitRegistry().Quantity(3, "K"), "wrong-type", "convert it"),
        ("\ud800", "not-utf-8", "surrogate"),
        (10**5000, "unreadable", "ValueError"),
        (Angry(), "unreadable", "RuntimeError"),
        ("x" * (1 << 20), "too-large", "1,048,576 are allowed"),
    ],
    ids=lambda value: type(value).__name__,  # pytest would write out the huge integer
)
def test_what_no_record_can_carry_is_kept_with_the_reason(
    value: object, reason: str, text: str
) -> None:
    line = made("opv", {"y": 5}, columns={"x": value}, record_id="mine")
    assert line.refused is not None
    assert line.refused.reason == reason
    assert text in line.refused.text
    assert '"mine"' in line.refused.record
    assert len(line.json) <= 1 << 16


@pytest.mark.parametrize(
    ("arguments", "more", "path"),
    [
        ((), {}, "stream"),
        ((7,), {}, "stream"),
        (("opv", 0.2), {}, "values"),
        (("opv", {}, 3), {}, "values"),
        (("opv", [("a", 1)]), {}, "values"),
        (("opv", {"x": 1}), {"columns": {"x": 2}}, "values.x"),
        (("opv",), {"recipe": 1.5}, "recipe"),
        (("opv",), {"record_id": ""}, "record_id"),
        (("opv",), {"record_id": []}, "record_id"),
        (("opv",), {"time": object()}, "time"),
        (("opv",), {"time": True}, "time"),
        (("opv",), {"time": 1e300}, ""),
    ],
)
def test_wrong_arguments_are_told_by_their_place(
    arguments: tuple[object, ...], more: dict[str, Any], path: str
) -> None:
    line = made(*arguments, **more)
    assert line.refused is not None
    assert line.refused.path == path


@pytest.mark.parametrize(
    ("time", "arrives"),
    [
        (None, "2023-11-14T22:13:20.250000Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
        (0.5, "1970-01-01T00:00:00.500000Z"),
        (datetime(2026, 11, 30, 10, tzinfo=UTC), "2026-11-30T10:00:00.000000Z"),
        (
            datetime(2026, 11, 30, 10, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-30T10:00:00.000000+02:00",
        ),
        ("2026-11-30T10:00:00+01:00", "2026-11-30T10:00:00+01:00"),
        (np.datetime64("2026-11-30T10:00:00"), "2026-11-30T10:00:00Z"),
        (pd.Timestamp("2026-11-30T10:00Z"), "2026-11-30T10:00:00.000000Z"),
    ],
)
def test_times(time: object, arrives: str) -> None:
    line = made("opv", time=time)
    assert line.refused is None
    assert json.loads(line.json)["time"] == arrives


def test_a_time_without_a_zone_is_of_this_machine() -> None:
    naive = datetime(2026, 11, 30, 10)  # noqa: DTZ001  # what labs write
    line = made("opv", time=naive)
    assert datetime.fromisoformat(json.loads(line.json)["time"]) == naive.astimezone()


def test_identities_are_those_given_or_of_maker_and_number() -> None:
    mine, other = maker(), maker()
    ids = [json.loads(m.make(("opv",), {}).json)["record_id"] for m in (mine, mine, other)]
    assert len(set(ids)) == 3
    assert ids[0].rpartition("-")[0] == ids[1].rpartition("-")[0]
    name = uuid.uuid4()
    assert json.loads(made("opv", record_id=name).json)["record_id"] == str(name)
    assert json.loads(made("opv", record_id=7).json)["record_id"] == "7"


def test_a_clock_that_jumps_makes_no_identity_twice() -> None:
    times = iter([1e9, 0.0, 1e9, 1e9])
    jumping = LineMaker("robot", clock=lambda: next(times))
    made = [json.loads(jumping.make(("opv",), {}).json) for _ in range(4)]
    assert [r["record_id"].rpartition("-")[2] for r in made] == ["1", "2", "3", "4"]
    assert [r["time"][:4] for r in made] == ["2001", "1970", "2001", "2001"]


def test_a_row_of_pandas_is_a_record() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, math.nan]})
    assert values_of(made("opv", frame.iloc[1])) == {"a": 2, "b": None, "c": None}


CELLS = st.none() | st.integers(-(2**63), 2**63) | st.floats() | st.text() | st.booleans()
COLUMNS = st.dictionaries(st.text(), CELLS, max_size=8)
TIMES = st.datetimes(min_value=datetime(1850, 1, 1), timezones=st.timezones())  # noqa: DTZ001  # as hypothesis wants it
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=100)


@given(COLUMNS, st.none() | TEXTS, TEXTS, TIMES)
def test_what_arrives_is_what_was_recorded(
    values: dict[str, Any], recipe: str | None, record_id: str, time: datetime
) -> None:
    """Read by the service's own model of a record."""
    line = made("opv", values, recipe=recipe, record_id=record_id, time=time)
    cells = list(values.values())
    broken = [text for text in (*values, *cells) if isinstance(text, str) and not is_utf_8(text)]
    if any(isinstance(cell, float) and math.isinf(cell) for cell in cells) or broken:
        assert line.refused is not None
        return
    assert b"\n" not in line.json
    record = ExperimentRecord.from_bytes(line.json)
    assert (record.stream, record.record_id, record.instrument) == ("opv", record_id, "robot")
    assert (record.recipe, record.time.astimezone(UTC)) == (recipe, time.astimezone(UTC))
    assert record.values.keys() == values.keys()
    for name, value in values.items():
        missing = value is None or value != value  # noqa: PLR0124  # NaN
        assert record.values[name] == (None if missing else value)


def is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


ANYTHING = st.recursive(
    CELLS | st.binary() | st.complex_numbers() | st.decimals() | st.builds(Angry) | st.timedeltas(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@given(st.lists(ANYTHING, max_size=4), st.dictionaries(st.text(), ANYTHING), ANYTHING, ANYTHING)
def test_nothing_is_ever_raised(
    arguments: list[Any], columns: dict[str, Any], one: Any, other: Any
) -> None:
    line = maker().make(tuple(arguments), columns, recipe=one, time=other, record_id=one)
    assert b"\n" not in line.json
    line.json.decode()
    if line.refused is None:
        json.loads(line.json)
    else:
        assert line.refused.record == line.json.decode()
        assert line.refused.text


def test_a_value_within_itself_is_kept_too() -> None:
    inner: dict[str, Any] = {}
    inner["me"] = inner
    line = made("opv", {"x": inner})
    assert line.refused is not None
    assert '"opv"' in line.refused.record or "'opv'" in line.refused.record
