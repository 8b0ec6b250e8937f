"""Who may look at the page."""

from __future__ import annotations

import pytest

from halflife.streams.monitor.page.guard import Guard

ALL = "0.0.0.0"  # noqa: S104  # compared, not bound


@pytest.mark.parametrize(
    ("bound", "names", "host", "lets_in"),
    [
        ("127.0.0.1", (), "localhost:8600", True),
        ("127.0.0.1", (), "127.0.0.1:8600", True),
        ("127.0.0.1", (), "[::1]:8600", True),
        ("127.0.0.1", (), "LocalHost", True),
        ("127.0.0.1", (), "lab.localhost:1", True),
        ("127.0.0.1", (), "10.0.0.7:8600", True),  # no name, so nobody's name
        ("127.0.0.1", (), "evil.example:8600", False),
        ("127.0.0.1", (), "localhost.evil.example", False),
        ("127.0.0.1", (), "127.0.0.1.evil.example", False),
        ("127.0.0.1", (), "", False),
        ("127.0.0.1", ("monitor.lab",), "monitor.lab:8600", True),
        (ALL, (), "anything.example", True),
        (ALL, ("monitor.lab",), "anything.example", False),
        (ALL, ("monitor.lab",), "Monitor.Lab:8600", True),
        ("monitor.lab", (), "evil.example", True),
    ],
)
def test_a_name_that_is_not_ours_is_turned_away(
    bound: str, names: tuple[str, ...], host: str, lets_in: bool
) -> None:
    assert Guard(bound, names).lets_in(host) is lets_in
