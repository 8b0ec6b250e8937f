"""Times are RFC 3339 and nothing else, in the fast form as in the slow one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.record import ExperimentRecord
from halflife.streams.watch.clock import (
    CLOCK_TOLERANCE,
    EARLIEST,
    LATEST,
    future_error,
    is_future,
    seconds_of,
    usual_seconds,
    utc,
)

from .stories import fields

# RFC 3339, section 5.6, with a space as its note allows; a leap second is no time of Python's.
RFC_3339 = re.compile(
    r"(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
    r"(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T10:00:00",
        "2026-W05-1T10:00:00Z",
        "20261122T100000Z",
        "2026-11-22T10Z",
        "2026-11-22T10:00Z",
        "2026-11-22T10:00:00,500Z",
        "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00+01",
        "2026-11-22T10:00:00+0100",
        "2026-11-22T10:00:00+01:00:30",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22x10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:00:60Z",
        "2026-02-30T10:00:00Z",
        "2026-11-22T10:00:00+00:00Z",
        "2026-11-22T10:00:00ZZ",
        " 2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00Z\n",
        "1700000000",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
        "",
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        utc(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10)),  # noqa: DTZ001 - in UTC by contract
        ("2026-11-22t10:00:00z", datetime(2026, 11, 22, 10)),  # noqa: DTZ001
        ("2026-11-22 10:00:00-00:30", datetime(2026, 11, 22, 10, 30)),  # noqa: DTZ001
        ("2026-11-22T10:00:00.1234567Z", datetime(2026, 11, 22, 10, 0, 0, 123456)),  # noqa: DTZ001
        ("2026-11-22T10:00:00.123Z", datetime(2026, 11, 22, 10, 0, 0, 123000)),  # noqa: DTZ001
    ],
)
def test_what_is_one_is_read(text: str, expected: datetime) -> None:
    assert utc(text) == expected


PIECES = st.sampled_from(
    [*"0123456789-:.,TtZz+W ", "2026", "11", "22", "-", ":", "T", "Z", "+01:00", "0"]
)
GOOD = st.builds(
    lambda time, fraction, zone, sep: time.strftime(f"%Y-%m-%d{sep}%H:%M:%S") + fraction + zone,
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - hypothesis wants it
    st.sampled_from(["", ".5", ".25", ".123", ".123456", ".1234567"]),
    st.sampled_from(["Z", "z", "+01:00", "-11:30", "+23:59"]),
    st.sampled_from("Tt "),
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A time with a piece of it put in, out or in another's place."""
    text = draw(GOOD)
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 3)))
    return text[:start] + draw(st.one_of(PIECES, st.just(""))) + text[end:]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.one_of(GOOD, damaged(), st.lists(PIECES, max_size=14).map("".join)))
def test_the_rule_is_rfc_3339_and_the_published_record_takes_all_of_it(text: str) -> None:
    try:
        time = utc(text)
    except ValueError:
        if RFC_3339.fullmatch(text):  # then it is only a day that no month has
            with pytest.raises(ValueError, match="day is out of range"):
                datetime.fromisoformat(text[:10])
        return
    assert RFC_3339.fullmatch(text)
    read = ExperimentRecord.checked(fields({}, name="r", time=text)).time
    assert read == time.replace(tzinfo=UTC)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    # From the year 2255 on, microseconds since 1970 do not fit into a float.
    st.datetimes(datetime(1700, 1, 2), datetime(2250, 1, 1)),  # noqa: DTZ001 - in UTC by contract
    st.integers(-1439, 1439),
)
def test_seconds_are_those_of_the_standard_library(time: datetime, minutes: int) -> None:
    aware = time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    known = utc(aware.isoformat())
    assert seconds_of([known]).tolist() == [aware.timestamp()]


USUAL = st.builds(
    lambda time, fraction, zone: time.strftime("%Y-%m-%dT%H:%M:%S") + fraction + zone,
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59)),  # noqa: DTZ001
    st.sampled_from(["", ".000", ".123", ".999999"]),
    st.sampled_from(["Z", "+00:00", "-00:00", "+09:30", "-11:59"]),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.one_of(USUAL, USUAL, USUAL, damaged()), min_size=1, max_size=4))
def test_many_times_at_once_are_those_of_each(texts: list[str]) -> None:
    known = usual_seconds(texts)
    if known is None:
        return
    assert known.tobytes() == seconds_of([utc(text) for text in texts]).tobytes()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(USUAL.filter(lambda text: text < "9999-12-31"), min_size=1, max_size=4))
def test_usual_times_are_read_at_once(texts: list[str]) -> None:
    assert usual_seconds(texts) is not None


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
        "2026-02-30T10:00:00Z",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22T10:00:00Z\n2026-11-22T10:00:00Z",
        "",
        None,
    ],
)
def test_unusual_times_are_left_to_the_rule(text: Any) -> None:
    assert usual_seconds(["2026-11-22T10:00:00Z", text]) is None


def test_the_last_times_that_can_be_are_read() -> None:
    known = [utc("0001-01-01T00:00:00Z"), utc("9999-12-31T23:59:59Z")]
    assert seconds_of(known).tolist() == [EARLIEST, LATEST]


def test_a_clock_may_be_ahead_of_the_broker_by_the_tolerance_and_no_more() -> None:
    seconds = np.array([1000.0, 1000.0 + CLOCK_TOLERANCE, 1000.001 + CLOCK_TOLERANCE])
    assert is_future(seconds, np.array(1_000_000.0)).tolist() == [False, False, True]


def test_a_record_from_the_future_is_told_by_how_much() -> None:
    error = future_error(5000.0, 1_000_000)
    assert (error.reason, error.path) == ("time-in-future", "time")
    assert "4000 s ahead" in error.text
