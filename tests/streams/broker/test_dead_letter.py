from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.topics import DEAD_LETTER_ROOM, MAX_MESSAGE_BYTES

LETTER = DeadLetter(
    reason="unknown-column",
    text="Column 'temprature' is none of the stream's.",
    path="values.temprature",
    topic="halflife.records",
    partition=3,
    offset=41,
    key=b"opv",
    value=b'{"values": {"temprature": 1}}',
    headers=(("ce_id", b"7"), ("ce_id", b"8"), ("content-type", b"application/json")),
)


def size(message: tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]) -> int:
    key, value, headers = message
    return len(key or b"") + len(value or b"") + sum(len(n.encode()) + len(v) for n, v in headers)


def test_the_layout_is_the_documented_one() -> None:
    key, value, headers = LETTER.to_message()
    assert (key, value) == (LETTER.key, LETTER.value)
    assert headers == [
        ("halflife-reason", b"unknown-column"),
        ("halflife-text", b"Column 'temprature' is none of the stream's."),
        ("halflife-path", b"values.temprature"),
        ("halflife-topic", b"halflife.records"),
        ("halflife-partition", b"3"),
        ("halflife-offset", b"41"),
        ("original-ce_id", b"7"),
        ("original-ce_id", b"8"),
        ("original-content-type", b"application/json"),
    ]


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    letter=st.builds(
        DeadLetter,
        reason=st.text(max_size=20),
        text=st.text(max_size=200),
        path=st.text(max_size=50),
        topic=st.text(max_size=30),
        partition=st.integers(0, 2**31 - 1),
        offset=st.integers(0, 2**63 - 1),
        key=st.none() | st.binary(max_size=50),
        value=st.none() | st.binary(max_size=300),
        headers=st.lists(st.tuples(st.text(max_size=10), st.binary(max_size=20)), max_size=4).map(
            tuple
        ),
    )
)
def test_what_is_written_is_read_again(letter: DeadLetter) -> None:
    assert DeadLetter.from_message(*letter.to_message()) == letter


def test_the_largest_message_of_our_topics_stays_whole() -> None:
    letter = replace(LETTER, value=b"\xff" * MAX_MESSAGE_BYTES)
    message = letter.to_message()
    assert DeadLetter.from_message(*message) == letter
    assert size(message) < MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM


def test_what_does_not_fit_is_cut_and_says_so() -> None:
    value = bytes(range(256)) * 1000
    message = replace(LETTER, value=value).to_message(limit=2**17)
    letter = DeadLetter.from_message(*message)
    assert size(message) <= 2**17
    assert not letter.whole
    assert letter.size == len(value)
    assert letter.sha256 == hashlib.sha256(value).hexdigest()
    assert letter.value is not None
    assert value.startswith(letter.value)
    assert len(letter.value) > 2**16
    assert (letter.key, letter.headers) == (LETTER.key, LETTER.headers)
    assert DeadLetter.from_message(*letter.to_message(limit=2**17)) == letter


def test_no_message_is_too_large_for_the_limit() -> None:
    huge = b"x" * 2**18
    letter = replace(
        LETTER, key=huge, value=huge, headers=(("h", huge),), text="t" * 2**18, path="p" * 2**18
    )
    assert size(letter.to_message(limit=2**16)) <= 2**16


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="limit 100 is under"):
        LETTER.to_message(limit=100)


def test_another_message_is_no_dead_letter() -> None:
    with pytest.raises(ValueError, match="it has no header 'halflife-reason'"):
        DeadLetter.from_message(None, b"{}", [("content-type", b"application/json")])
