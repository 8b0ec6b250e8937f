"""Who may send records."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from halflife.streams.push.door import Door
from halflife.streams.push.turned_away import TurnedAway


def status(door: Door, **headers: str) -> int:
    try:
        door.check(make_mocked_request("POST", "/v1/records", headers=headers))
    except TurnedAway as error:
        return error.status
    return 202


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_without_a_token_this_machine_may(host: str) -> None:
    assert status(Door(None, host), Host="localhost:8602") == 202


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "::", "lab.example"])  # noqa: S104
def test_without_a_token_no_other_machine_may(host: str) -> None:
    assert status(Door(None, host), Host="localhost") == 403


def test_a_token_is_compared_whole() -> None:
    door = Door("sesame", "0.0.0.0")  # noqa: S104  # with a token it may be open
    for given, due in (
        ("Bearer sesame", 202),
        ("bearer sesame", 401),
        ("Bearer sesam", 401),
        ("Bearer sesame ", 401),
        ("Bearer ", 401),
        ("Basic sesame", 401),
    ):
        assert status(door, Host="x", Authorization=given) == due
    assert status(door, Host="x") == 401


def test_strangers_names_and_pages_are_turned_away() -> None:
    door = Door(None, "127.0.0.1")
    assert status(door, Host="evil.example") == 421
    assert status(door, Host="localhost:1", Origin="http://localhost:1") == 202
    for origin in ("http://localhost:2", "https://localhost:1", "null", "", "http://["):
        assert status(door, Host="localhost:1", Origin=origin) == 403
