"""Axes that people can read, and pictures that hold what they are given."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from halflife.schemas.table import Column, Kind
from halflife.streams.commands.drawings import draw_categories, draw_numbers, ticks

FINITE = some.floats(-1e12, 1e12, allow_nan=False)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(FINITE, some.floats(1e-9, 1e9), some.integers(2, 8))
def test_ticks_are_round_even_inside_and_few(low: float, span: float, most: int) -> None:
    high = low + span
    if high - low < 1e-9 * abs(low):  # no room for a tick in the digits of a float
        return
    found = ticks(low, high, most)
    slack = 1e-6 * (high - low)
    assert all(low - slack <= tick <= high + slack for tick in found)
    assert len(found) <= most + 1
    steps = np.diff(found)
    if len(steps) and abs(low) < 1e6 * span:
        mantissa = steps[0] / 10.0 ** math.floor(math.log10(steps[0]) + 1e-6)
        assert min(abs(mantissa - m) for m in (1, 2, 5)) < 1e-3
        assert steps == pytest.approx(steps[0], rel=1e-3)


def svg(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  # our own text: the test is whether it parses


def bars(picture: ET.Element, side: str) -> list[ET.Element]:
    return [rect for rect in picture.iter("rect") if rect.get("class") == side]


def test_a_few_values_get_a_pair_of_bars_each() -> None:
    column = Column(name="grid <1>", unit="mol/L")
    real, synthetic = np.array([1.0, 1.0, 2.0, np.nan]), np.array([1.0, 2.0, 2.0, 40.0])
    picture = svg(draw_numbers(column, real, synthetic))
    assert len(bars(picture, "real")) == len(bars(picture, "synthetic")) == 3
    heights = [float(bar.get("height", 0)) for bar in bars(picture, "real")]
    # Shares 2/3, 1/3 and 0 of the three cells that are there.
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert heights[2] == 0.0
    texts = [text.text for text in picture.iter("text")]
    assert {"1", "2", "40", "grid <1> / mol/L"} <= set(texts)


def test_many_values_get_two_outlines() -> None:
    random = np.random.default_rng(0)
    picture = svg(draw_numbers(Column(name="x"), random.normal(size=500), random.normal(size=400)))
    assert [path.get("class") for path in picture.iter("path")][-2:] == ["real", "synthetic"]


@pytest.mark.parametrize("cells", [[5.0] * 40, [0.0], [-1e-300, 1e-300] * 20, [1e300, -1e300] * 20])
def test_odd_numbers_are_drawn_too(cells: list[float]) -> None:
    numbers = np.array(cells)
    picture = svg(draw_numbers(Column(name="x"), numbers, numbers))
    assert "nan" not in ET.tostring(picture, encoding="unicode")


def test_a_column_without_cells_says_so() -> None:
    nothing = np.array([np.nan, np.nan])
    assert "every cell is missing" in draw_numbers(Column(name="x"), nothing, nothing)
    column = Column(name="x", kind=Kind.CATEGORY)
    assert "every cell is missing" in draw_categories(
        column, np.array([None], dtype=object), np.array([], dtype=object)
    )


def test_rare_levels_are_put_together_and_names_are_escaped() -> None:
    cells = np.array([f"<b>{i}" for i in range(20) for _ in range(20 - i)], dtype=object)
    text = draw_categories(Column(name="x", kind=Kind.CATEGORY), cells, cells)
    picture = svg(text)
    assert len(bars(picture, "real")) == 8
    assert "13 others" in text
    assert "<b>" not in text
