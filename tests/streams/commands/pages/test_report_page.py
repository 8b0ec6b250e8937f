"""The page of a report: the numbers of the JSON, and nothing that a stranger named as markup."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from halflife.schemas.table import Block, Column, Kind, Role, Table
from halflife.streams.commands.assessment import assess
from halflife.streams.commands.facts.report_facts import complete_report
from halflife.streams.commands.output import finite
from halflife.streams.commands.pages.report_page import report_page

from .conftest import EVIL, read, report_of


def test_it_is_whole_and_fetches_nothing(hard_page: str) -> None:
    reader = read(hard_page)
    assert reader.seen.count("svg") > 10
    labels = [value for name, value in reader.attributes if name == "aria-label"]
    assert len(labels) == reader.seen.count("svg")
    assert all(labels)


def test_it_says_what_the_json_says(hard_report: dict[str, Any], hard_page: str) -> None:
    text = read(hard_page).text
    assert hard_report["verdict"]["text"] in text
    assert f"Fidelity {hard_report['fidelity']:.2f}" in text
    for part, value in hard_report["parts"].items():
        assert part in text
        assert value is None or f"{value:.2f}" in text
    for column in hard_report["columns"]:
        if column["distance"] is not None:
            assert f"{column['measure']} {column['distance']:.3f}" in text
    assert f"{hard_report['telling']['area']:.2f}" in text
    (task,) = (each for each in hard_report["predictions"] if each["target"] == "pressure")
    for error in task["error"].values():
        assert f"{error:.4g} kPa" in text
    assert "heat / K" in text


def test_names_categories_and_titles_of_strangers_stay_text(hard_page: str) -> None:
    reader = read(hard_page)
    assert "img" not in reader.seen
    assert "b" not in reader.seen
    assert "<img" not in hard_page
    assert EVIL in reader.text
    assert "{{ 7 * 7 }}" in reader.text


def test_all_of_it_is_drawn_from_the_json(hard_report: dict[str, Any], hard_page: str) -> None:
    assert report_page(json.loads(json.dumps(hard_report))) == hard_page


def test_the_same_rows_give_the_same_page() -> None:
    table = Table((Column(name="x"), Column(name="c", kind=Kind.CATEGORY)))
    random = np.random.default_rng(0)
    real, synthetic = (
        Block.from_rows(table, [{"x": x, "c": "ab"[i % 2]} for i, x in enumerate(cells)])
        for cells in random.normal(size=(2, 60)).tolist()
    )
    found = assess(real, synthetic, None, seed=0)
    one, two = (
        finite(
            complete_report(found.result, found.reasons, real, synthetic, title="t", seed=0)
            | {"seconds": 1.0}
        )
        for _ in range(2)
    )
    assert one == two
    assert report_page(one) == report_page(two)


def rows_of(column: Column, cells: list[Any]) -> Block:
    return Block.from_rows(Table((column,)), [{column.name: cell} for cell in cells])


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (Column(name="x", unit="V"), np.random.default_rng(0).normal(size=80).tolist()),
        (Column(name="x"), [1e150, -1e150] * 40),
        (Column(name="x"), [*range(79), None]),
        (Column(name="x", kind=Kind.CATEGORY), ["a", "b", None, "c"] * 20),
        (Column(name="x", kind=Kind.CATEGORY), [f"level {i}" for i in range(80)]),
    ],
    ids=["numbers", "huge", "missing", "few levels", "many levels"],
)
def test_one_column_is_enough(column: Column, cells: list[Any]) -> None:
    result = report_of(rows_of(column, cells[:40]), rows_of(column, cells[40:]))
    assert result["dependence"] is None
    text = read(report_page(result)).text
    assert "How columns go together" not in text
    assert "pairs has no meaning here: it needs two columns that vary" in text


def test_constant_columns_beside_one_that_varies() -> None:
    table = Table(
        (Column(name="flat"), Column(name="one", kind=Kind.CATEGORY), Column(name="x", unit="s"))
    )
    random = np.random.default_rng(0)
    real, synthetic = (
        Block.from_rows(table, [{"flat": 1.0, "one": "a", "x": x} for x in random.normal(size=50)])
        for _ in range(2)
    )
    reader = read(report_page(report_of(real, synthetic)))
    assert "nan" not in reader.text.lower()


def test_many_columns_stay_few_pictures() -> None:
    columns = tuple(Column(name=f"sensor {i}", role=Role.CONTEXT) for i in range(30))
    random = np.random.default_rng(0)
    real, synthetic = (
        Block(Table(columns), random.normal(size=(60, 30)), np.empty((60, 0), dtype=object))
        for _ in range(2)
    )
    page = report_page(report_of(real, synthetic))
    text = read(page).text
    assert "The 12 most different of 30; 18 more in the table below." in text
    assert "The 20 columns that differ most are shown; 10 more are compared too." in text
    assert len(page) < 1_000_000


def test_measures_are_a_table_by_group(hard_report: dict[str, Any]) -> None:
    result = copy.deepcopy(hard_report)
    measures = [
        {"measure": "KS", "group": "columns", "value": 0.125, "yardstick": 0.1, "p_value": 0.04,
         "best": 0, "sentence": "A little apart.", "details": {"x": 1.0}, "reason": None},
        {"measure": EVIL, "group": "privacy", "value": None, "reason": "it needs --train"},
    ]  # fmt: skip
    result["measures"] = measures
    page = report_page(result)
    text = read(page).text
    for words in ("All measures", "columns", "0.125", "A little apart.", "it needs --train"):
        assert words in text
    assert "<img" not in page


def test_numbers_beyond_floats_are_dashes(hard_report: dict[str, Any]) -> None:
    result = copy.deepcopy(hard_report)
    for column in result["columns"]:
        for side in ("real", "synthetic"):
            if "sd" in column[side]:
                column[side]["sd"] = None
    assert "± –" in read(report_page(result)).text
