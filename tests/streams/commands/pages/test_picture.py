"""Pictures: the same bytes again, texts as texts, the page's colours."""

from __future__ import annotations

import re
from typing import Any

import matplotlib as mpl
from hypothesis import given, settings
from hypothesis import strategies as some

from halflife.streams.commands.pages.axes import distinct, percent, plain, short
from halflife.streams.commands.pages.picture import REAL, Picture

from .conftest import read


def scatter(figure: Any) -> None:
    axes = figure.add_subplot()
    axes.plot([0.0, 1.0, 4.0], [1.0, 0.5, 2.0], "o", color=REAL, alpha=0.25)
    axes.set_xlabel("a <b> & $x^2$ 名 / K")


def test_the_same_picture_is_the_same_bytes_and_leaves_no_setting_behind() -> None:
    before = dict(mpl.rcParams)
    one, two = (Picture("a", "A.", scatter).svg(300, 200) for _ in range(2))
    assert one == two
    assert dict(mpl.rcParams) == before


def test_two_pictures_share_no_identity() -> None:
    page = Picture("a", "A.", scatter).both((300, 200), (200, 200))
    page += Picture("b", "B.", scatter).svg(300, 200)
    read(page)


def test_texts_stay_texts_and_colours_are_the_page_s() -> None:
    svg = Picture("a", 'What "is" <seen>', scatter).svg(300, 200)
    reader = read(svg)
    assert "a <b> & $x^2$ 名 / K" in reader.text
    assert ("aria-label", 'What "is" <seen>') in reader.attributes
    assert "fill: var(--real)" in svg
    assert "fill-opacity: 0.25" in svg
    drawn = re.sub(r'(href|id)="[^"]*"|url\([^)]*\)', "", svg)
    assert not re.search("#[0-9a-f]{6}", drawn), "a colour that is not the page's"


@settings(deadline=None, max_examples=60, derandomize=True)
@given(some.text(max_size=60), some.integers(5, 30))
def test_names_fit_and_hold_no_control_characters(name: str, most: int) -> None:
    cut = short(name, most)
    assert len(cut) <= max(most, 0) or "\\x" in cut
    assert all(character.isprintable() for character in cut)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(some.lists(some.text(max_size=20), min_size=1, max_size=8, unique=True))
def test_levels_are_told_apart(names: list[str]) -> None:
    assert len(distinct(names, 6)) == len(names)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(some.floats(-1e12, 1e12, allow_nan=False))
def test_numbers_are_read_back(value: float) -> None:
    read_back = float(plain(value).replace("−", "-").replace(",", ""))
    assert abs(read_back - value) <= 6e-4 * abs(value) + 1e-300
    assert percent(0.5) == "50 %"
