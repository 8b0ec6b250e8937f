"""``halflife check`` on lab files with sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import LAB

SOURCE = """
[source.valves]
type = "files"
path = "in"
stream = "gas"
[source.valves.column]
temperature = { from = "T", unit = "degC" }
"""


def test_sources_are_shown_with_what_they_map(halflife: Any, here: Path) -> None:
    (here / "lab.toml").write_text(LAB + SOURCE)
    said = halflife("check", "lab.toml")
    assert said.status == 0, said.err
    assert "temperature from T in degC" in said.out
    assert "lab.toml is in order: 1 stream, 1 source." in said.out
    found = json.loads(halflife("check", "lab.toml", "--json", "-").out)
    assert found["sources"] == [
        {
            "source": "valves",
            "type": "files",
            "stream": "gas",
            "columns": {"temperature": "T"},
            "notes": [],
        }
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"files"', '"fils"', "lab.toml: source.valves.type: 'fils' is no type of source; did you"),
        ("temperature =", "temprature =", "temprature"),
        ('"in"', '"in"\ntime_zone = "Mars/Olympus"', "'Mars/Olympus'"),
        ('"in"', '"in.gz"', "compressed files are not read"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_with_its_place(
    halflife: Any, here: Path, old: str, new: str, expected: str
) -> None:
    (here / "lab.toml").write_text(LAB + SOURCE.replace(old, new))
    said = halflife("check", "lab.toml")
    assert said.status == 2
    assert expected in said.err
    assert "source.valves" in said.err
