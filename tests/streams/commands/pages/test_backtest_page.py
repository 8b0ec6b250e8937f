"""The page of a backtest: the numbers of the JSON, and whatever a stream has or lacks."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from halflife.streams.commands.facts.time_column import spoken
from halflife.streams.commands.pages.backtest_page import backtest_page

from .conftest import COLUMNS, EVIL, frame_of, plan_of, read, result_of


def test_it_says_what_the_json_says(hard_backtest: dict[str, Any]) -> None:
    assert hard_backtest["alarms"]
    assert hard_backtest["fidelity"]
    page = backtest_page(hard_backtest)
    text = read(page).text
    assert hard_backtest["verdict"]["text"] in text
    for alarm in hard_backtest["alarms"]:
        assert f"{alarm['record']:,} · {spoken(alarm['time'])}" in text
        assert f"{alarm['change_point']:,} · {spoken(alarm['change_time'])}" in text
        assert f"{alarm['statistic']:.1f} / {alarm['threshold']:.1f}" in text
    for part, value in hard_backtest["fidelity"][-1]["parts"].items():
        assert f"{part}: {value:.2f} at the end" in text
    for kind in hard_backtest["drift"]["kinds"]:
        assert kind in text
    assert "heat" not in [each["column"] for each in hard_backtest["timeline"]["columns"]]
    assert "record, taken <at>" in text
    assert "2025-03-0" in text


def test_what_strangers_named_stays_text(hard_backtest: dict[str, Any]) -> None:
    page = backtest_page(hard_backtest)
    reader = read(page)
    assert "<img" not in page
    assert EVIL in reader.text


def test_all_of_it_is_drawn_from_the_json(hard_backtest: dict[str, Any]) -> None:
    assert backtest_page(json.loads(json.dumps(hard_backtest))) == backtest_page(hard_backtest)


@pytest.mark.parametrize("records", [0, 1, 40, 149])
def test_a_file_without_a_whole_reference(records: int) -> None:
    found = result_of(plan_of(COLUMNS), frame_of(records, 0, 0.0), None)
    text = read(backtest_page(found)).text
    assert "Nothing to say" in text


@pytest.mark.parametrize(
    "column",
    [{"role": "measured", "unit": "mV"}, {"role": "measured", "kind": "category"}],
    ids=["number", "category"],
)
@pytest.mark.parametrize("shape", ["constant", "missing", "free"])
def test_one_column_is_enough(column: dict[str, Any], shape: str) -> None:
    random = np.random.default_rng(0)
    cells: Any = random.normal(size=300)
    if "kind" in column:
        cells = random.choice(["a", "b", "c", "d"], 300).astype(object)
    if shape == "constant":
        cells[:] = cells[0]
    if shape == "missing":
        cells[random.random(300) < 0.5] = None
        cells[200:] = None
    found = result_of(plan_of({"x": column}), pd.DataFrame({"x": cells}), None)
    reader = read(backtest_page(found))
    assert "nan" not in reader.text.lower().replace("nanosecond", "")


def test_what_others_add_is_shown_and_what_is_not_there_is_not(
    hard_backtest: dict[str, Any],
) -> None:
    more = copy.deepcopy(hard_backtest)
    more["contamination"] = [
        {"record": 7, "text": f"record 7 is a row of the batch {EVIL}"},
        {"record": 9, "distance": 0.25},
        {"record": 1234, "row": 5, "distance": 0.0125, "chance": 1e-5},
        *({"record": i} for i in range(20)),
    ]
    more["fidelity"][-1]["utility_gap"] = 0.25
    more["fidelity"][-1]["utility_gap_interval"] = [0.1, 0.5]
    text = read(backtest_page(more)).text
    assert "Synthetic rows among the real ones" in text
    assert "record 9, distance 0.25" in text
    assert "Record 1,234 is row 5 of the batch, 0.0125 standard deviations away." in text
    assert "15 more are in the JSON." in text
    assert "leaves 25 % more unexplained (10 % to 50 %)" in text
    assert "Synthetic rows among the real ones" not in read(backtest_page(hard_backtest)).text


def test_many_alarms_stay_one_page(hard_backtest: dict[str, Any]) -> None:
    many = copy.deepcopy(hard_backtest)
    many["alarms"] = many["alarms"][:1] * 500
    page = backtest_page(many)
    assert "460 more alarms are in the JSON." in read(page).text
    assert len(page) < 1_000_000
