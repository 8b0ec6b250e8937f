"""Values of Channel Access, of every type and with every content, as plain data."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from caproto import ChannelType, EventAddResponse, TimeStamp, field_types
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.sources.epics_source import EpicsSource
from halflife.streams.connectors.epics_places import places_of
from halflife.streams.connectors.epics_values import (
    EPICS_EPOCH,
    LONGEST_TEXT,
    elements_wanted,
    plain_value,
    stamp_of,
    unit_text,
)
from halflife.streams.connectors.errors import SourceAway, SourceRefused

NUMBERS: dict[ChannelType, st.SearchStrategy[Any]] = {
    ChannelType.INT: st.integers(-(2**15), 2**15 - 1),
    ChannelType.LONG: st.integers(-(2**31), 2**31 - 1),
    ChannelType.CHAR: st.integers(0, 255),
    ChannelType.FLOAT: st.floats(width=32),
    ChannelType.DOUBLE: st.floats(),
}


def over_the_wire(native: ChannelType, data: Any) -> Any:
    """What a client gets of a value that a server sends with its time."""
    answer = EventAddResponse(
        data, field_types["time"][native], len(data), 1, 7, metadata=(0, 0, TimeStamp(123, 456))
    )
    return answer.data


@given(st.sampled_from(sorted(NUMBERS)), st.booleans(), st.data())
def test_numbers_come_through(native: ChannelType, is_array: bool, data: st.DataObject) -> None:
    most = 20 if is_array else 1
    sent = data.draw(st.lists(NUMBERS[native], min_size=1, max_size=most))
    found = plain_value(native, is_array, over_the_wire(native, sent))
    if native == ChannelType.CHAR and is_array:
        raw = bytes(sent).split(b"\0")[0]
        assert raw in {found.encode("utf-8"), found.encode("latin-1", "replace")}
        return
    values = found if is_array else [found]
    for value, was in zip(values, sent, strict=True):
        assert type(value) is type(was) or value is None
        assert value is None if was != was else value == was  # noqa: PLR0124  # not a number
    orjson.dumps(found)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_texts_come_through(text: str) -> None:
    raw = text.encode()
    if len(raw) < 40:
        found = plain_value(ChannelType.STRING, False, over_the_wire(ChannelType.STRING, [raw]))
        assert found == text
    characters = list(raw + b"\0")
    sent = over_the_wire(ChannelType.CHAR, characters)
    assert plain_value(ChannelType.CHAR, True, sent) == text


@given(st.binary(max_size=200), st.sampled_from([ChannelType.STRING, ChannelType.CHAR]))
def test_no_bytes_are_too_strange(raw: bytes, native: ChannelType) -> None:
    data = [raw[:39]] if native == ChannelType.STRING else list(raw)
    found = plain_value(native, True, data)
    orjson.dumps(found)
    assert unit_text(raw) is None or unit_text(raw)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_stamp_keeps_its_nanoseconds_and_never_fails(seconds: int, nanoseconds: int) -> None:
    stamp = stamp_of(seconds, nanoseconds)
    if seconds == 0:
        assert stamp is None
    else:
        assert stamp is not None
        assert stamp // 10**9 == seconds + EPICS_EPOCH
        assert stamp % 10**9 == min(nanoseconds, 999_999_999)


def test_no_more_is_asked_for_than_somebody_wants() -> None:
    assert elements_wanted(ChannelType.DOUBLE, 1, 0) == 1
    assert elements_wanted(ChannelType.DOUBLE, 1_000_000, 0) == 1
    assert elements_wanted(ChannelType.DOUBLE, 1_000_000, 7) == 8
    assert elements_wanted(ChannelType.DOUBLE, 1_000_000, 10**9) == 10_000
    assert elements_wanted(ChannelType.CHAR, 10**7, 0) == LONGEST_TEXT


def plan(**more: Any) -> EpicsSource:
    return EpicsSource(name="oven", type="epics", channels=["T"], trigger="T", **more)


@pytest.mark.parametrize(
    ("more", "environ", "places"),
    [
        ({"addresses": ["127.0.0.1"]}, {}, [("127.0.0.1", 5064)]),
        ({"addresses": ["127.0.0.1:7"]}, {"EPICS_CA_SERVER_PORT": "9"}, [("127.0.0.1", 7)]),
        (
            {"addresses": ["127.0.0.2"]},
            {"EPICS_CA_SERVER_PORT": "9", "EPICS_CA_ADDR_LIST": "127.0.0.3"},
            [("127.0.0.2", 9)],
        ),
        (
            {},
            {"EPICS_CA_ADDR_LIST": "127.0.0.3 127.0.0.4:8", "EPICS_CA_AUTO_ADDR_LIST": "NO"},
            [("127.0.0.3", 5064), ("127.0.0.4", 8)],
        ),
        ({}, {}, [("255.255.255.255", 5064), ("127.0.0.1", 5064)]),
        (
            {"addresses": ["127.0.0.1"], "auto_addresses": True},
            {},
            [("127.0.0.1", 5064), ("255.255.255.255", 5064)],
        ),
    ],
)
async def test_places_are_those_of_the_plan_else_of_the_environment(
    more: dict[str, Any], environ: dict[str, str], places: list[tuple[str, int]]
) -> None:
    assert await places_of(plan(**more), environ) == places


async def test_places_that_are_none_are_told() -> None:
    with pytest.raises(SourceRefused, match="give 'addresses'"):
        await places_of(plan(auto_addresses=False), {})
    with pytest.raises(SourceRefused, match="'70000' is no port"):
        await places_of(plan(addresses=["127.0.0.1:70000"]), {})
    with pytest.raises(SourceAway, match=r"nowhere\.invalid has no address"):
        await places_of(plan(addresses=["nowhere.invalid"]), {})
