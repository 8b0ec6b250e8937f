"""Numbers for eyes, JSON for programs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from halflife.streams.commands.output import finite, printable, share, terminal, write_json

PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=10,
)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(PLAIN)
def test_what_is_finite_is_json(data: Any) -> None:
    json.dumps(finite(data), allow_nan=False)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(some.text())
def test_nothing_that_steers_a_terminal_is_printable(text: str) -> None:
    shown = printable(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98765, "0.988"), (1.0, "1.000"), (0.0, "0.000"), (math.nan, "–"), (None, "–")],
)
def test_a_share_has_three_decimals(value: float | None, text: str) -> None:
    assert share(value) == text


def test_json_to_a_file_and_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"a": (1.5, math.nan), "b": np.float64(2.5)}
    write_json(tmp_path / "x.json", data)
    write_json(Path("-"), data)
    write_json(None, data)
    expected = {"a": [1.5, None], "b": 2.5}
    assert json.loads((tmp_path / "x.json").read_text()) == expected
    assert json.loads(capsys.readouterr().out) == expected


def test_names_that_look_like_markup_are_left_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from halflife.streams.commands.output import grid

    table = grid("column")
    table.add_row("[red]voltage[/red] :smile:")
    terminal().print(table)
    assert "[red]voltage[/red] :smile:" in capsys.readouterr().out
