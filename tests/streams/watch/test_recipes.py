"""A stream whose records name recipes: through the loop, cut, stopped, and from a file."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import orjson
import pytest

from halflife.schemas.control import Command
from halflife.streams.tables import TableFileError, recipes_from
from halflife.streams.watch.backtest import backtest
from halflife.streams.watch.decoder import Decoder

from .stories import (
    START,
    Heavy,
    Player,
    Raw,
    Told,
    fields,
    plans,
    raw,
    rows_from,
    same,
    text_time,
)

LAB = """
[stream.oven]
false_alarms = "1 per 10000 records"
reference = 120
min_rows = 110
rows = 150
tick = 80
window = 100
generator = "trees"
{more}
[stream.oven.column]
temperature = {{ unit = "K", role = "measured" }}
power = {{ unit = "W", role = "measured" }}
"""
LEVELS = {"cold": 300.0, "hot": 900.0}
KNOWN, CHANGE, NEW, END = 300, 420, 560, 760


@functools.cache
def story() -> tuple[Raw, ...]:
    """Two recipes; hot changes at 420; from 560 on a third comes, which is as cold."""
    rng = np.random.default_rng(1)
    log = []
    for i in range(END):
        recipe = ("cold", "hot")[int(rng.integers(2))]
        if i >= NEW and rng.random() < 0.4:
            recipe = "cool"
        level = LEVELS.get(recipe, 300.0) + 2.5 * (recipe == "hot" and i >= CHANGE)
        cells = (level + rng.normal(size=2)).tolist()
        values = dict(zip(("temperature", "power"), cells, strict=True))
        record = fields(values, name=f"r{i}", stream="oven", time=text_time(START + 60.0 * i))
        log.append(raw(3 * i, {**record, "recipe": recipe}, key=b"oven"))
    return tuple(log)


@pytest.fixture(scope="module")
def heavy() -> Heavy:
    return Heavy()


def player(heavy: Heavy, more: str = "", **options: Any) -> Player:
    return Player(plans(LAB.format(more=more)), story(), heavy, **options)


@pytest.fixture(scope="module")
def told(heavy: Heavy) -> Told:
    return player(heavy).play()


def alerts(told: Told, kind: str, status: str = "firing") -> list[dict[str, Any]]:
    found = told.findings["oven"]
    return [f for f in found if f.get("kind") == kind and f.get("status") == status]


def test_the_recipe_that_changed_is_named_and_the_others_are_watched_on(told: Told) -> None:
    (alert,) = alerts(told, "drift")
    assert alert["evidence"]["recipe"] == "hot"
    assert alert["text"].startswith("recipe hot: ")
    assert CHANGE <= alert["record"] < CHANGE + 60
    assert abs(alert["evidence"]["change_point"] - CHANGE) <= 20
    state = orjson.loads(told.state)["streams"]["oven"]
    standings = {each["recipe"]: each["status"] for each in state["drift"]["recipes"]}
    assert standings["cold"] == "own"
    assert standings["cool"] == "lent"
    assert state["epoch"] == 1
    assert state["phase"] == "watched"


def test_what_is_known_of_the_references_is_said(told: Told) -> None:
    texts = [alert["text"] for alert in alerts(told, "recipe")]
    assert any("recipe cool is judged by the reference of recipe cold" in text for text in texts)
    assert any("recipe hot is unlike recipe cold" in text for text in texts)
    assert len({f["alert_id"] for f in told.findings["oven"] if "alert_id" in f}) == len(
        [f for f in told.findings["oven"] if "alert_id" in f]
    )


def test_a_challenger_is_asked_for_as_after_any_change(told: Told) -> None:
    causes = [f["cause"] for f in told.findings["oven"] if "window" in f and "cause" in f]
    assert causes[0] == "first"
    assert "drift" in causes


@pytest.mark.parametrize("seed", range(4))
def test_cuts_and_restarts_change_nothing(heavy: Heavy, told: Told, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts = rng.integers(0, END, 12).tolist()
    stops = rng.integers(0, END, 5).tolist()
    same(player(heavy, early=bool(seed % 2)).play(cuts, stops), told)


def test_record_by_record_it_says_the_same(heavy: Heavy, told: Told) -> None:
    same(player(heavy).play(range(END)), told)


def test_after_a_fault_a_recipe_waits_for_a_person_where_the_lab_wants_that(heavy: Heavy) -> None:
    fields_of = {"command_id": "ab" * 16, "stream": "oven", "action": "regenerate"}
    order = Command.checked({**fields_of, "reason": "new lamp", "time": text_time(START)})
    asking = 'on_drift = "ask"'
    silent = player(heavy, asking).play()
    state = orjson.loads(silent.state)["streams"]["oven"]
    assert state["phase"] == "changed"
    standings = {each["recipe"]: each["status"] for each in state["drift"]["recipes"]}
    assert (standings["cold"], standings["hot"]) == ("own", "held")
    ordered = player(heavy, asking, orders={story()[650].offset: order})
    said = ordered.play()
    state = orjson.loads(said.state)["streams"]["oven"]
    assert state["phase"] == "watched"
    standings = {each["recipe"]: each["status"] for each in state["drift"]["recipes"]}
    assert standings["hot"] in {"apart", "own"}
    same(player(heavy, asking, orders={story()[650].offset: order}).play([100], [440, 600]), said)


def test_a_stream_may_begin_to_name_recipes_while_it_is_watched(heavy: Heavy) -> None:
    log = list(story())
    for i in range(KNOWN):
        record = orjson.loads(log[i].value or b"")
        del record["recipe"]
        noise = np.random.default_rng(i).normal(size=2).tolist()
        record["values"] = {"temperature": 300.0 + noise[0], "power": 300.0 + noise[1]}
        log[i] = raw(log[i].offset, record, key=b"oven")
    lab = plans(LAB.format(more=""))
    whole = Player(lab, log, heavy).play()
    assert alerts(whole, "drift") == []
    same(Player(lab, log, heavy).play([200, KNOWN - 3, KNOWN + 3], [250, KNOWN + 40, 600]), whole)
    state = orjson.loads(whole.state)["streams"]["oven"]["drift"]
    assert state["recipes"][0]["recipe"] is None


def test_from_a_file_the_alarms_are_those_of_the_live_stream(told: Told) -> None:
    plan = plans(LAB.format(more='recipe = "program"'))["oven"]
    rows = Decoder({"oven": plan}).decode(story()).rows["oven"]
    found = backtest(plan, rows.block, recipes=rows.recipes)
    first = next(alarm for alarm in found["alarms"] if alarm["kind"] != "planner")
    live = alerts(told, "drift")[0]
    assert first["recipe"] == "hot"
    assert (first["record"], first["text"]) == (live["record"], live["text"])
    assert any("recipe cool is judged by" in note for note in found["notes"])


def test_a_lab_file_that_names_the_column_is_the_same_plan() -> None:
    named, unnamed = (plans(LAB.format(more=more))["oven"] for more in ('recipe = "program"', ""))
    assert named.recipe == "program"
    assert named.digest == unnamed.digest


def test_a_file_without_the_column_is_refused() -> None:
    import pandas as pd

    frame = pd.DataFrame({"x": [1.0, 2.0], "programme": [7, 8], "none": [None, None]})
    with pytest.raises(TableFileError, match=r"no column 'program'.*did you mean 'programme'"):
        recipes_from(frame, "program", "runs.csv")
    recipes = recipes_from(frame, "programme", "runs.csv")
    assert recipes is not None
    assert recipes.tolist() == ["7", "8"]
    assert recipes_from(frame, "none", "runs.csv") is None
    assert recipes_from(frame, None, "runs.csv") is None


def test_rows_keep_their_recipes_however_they_are_cut_and_joined() -> None:
    plan = plans(LAB.format(more=""))["oven"]
    rows = Decoder({"oven": plan}).decode(story()[:50]).rows["oven"]
    plain = rows_from(plan, [{"temperature": 1.0}] * 3)
    assert plain.recipes is None
    assert plain.without_recipe == 3
    joined = type(rows).concatenate([plain, rows[4:9], plain[:1], rows[np.array([0, 30])]])
    expected = [None] * 3 + [orjson.loads(m.value or b"")["recipe"] for m in story()[4:9]]
    assert joined.recipe_of_each.tolist()[:8] == expected
    assert joined.without_recipe == 3
    assert joined.rows_of(None).tolist() == [0, 1, 2, 8]
    assert type(rows).concatenate([plain, plain]).recipes is None
