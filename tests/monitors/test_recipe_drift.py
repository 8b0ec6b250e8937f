"""Each recipe has its own normal: what one monitor for all of them cannot do."""

from __future__ import annotations

import functools
import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from halflife.monitors import Drift, DriftAlarm, RecipeDrift, StateMismatch
from halflife.schemas.table import Block, Column, Kind, Role, Table

TABLE = Table((Column(name="pressure", unit="bar"), Column(name="flow"), Column(name="yield")))
LEVELS: dict[str | None, float] = {"A": 0.0, "B": 40.0, "C": -300.0}
PROMISE = 10_000.0
REFERENCE = 200


def stream(
    n: int, seed: int, *, levels: dict[str | None, float] = LEVELS
) -> tuple[Block, NDArray[np.object_]]:
    """Unchanged records of recipes in random order, each recipe at a level of its own."""
    rng = np.random.default_rng(seed)
    names = list(levels)
    recipes = np.empty(n, dtype=object)
    recipes[:] = [names[i] for i in rng.integers(len(names), size=n)]
    numbers = rng.normal(size=(n, 3)) + np.array([levels[recipe] for recipe in recipes])[:, None]
    return Block(TABLE, numbers, np.empty((n, 0), dtype=object)), recipes


def shifted(block: Block, rows: Any, size: float) -> Block:
    numbers = block.numbers.copy()
    numbers[rows, 0] += size
    return Block(block.table, numbers, block.texts)


def monitor(**more: Any) -> RecipeDrift:
    return RecipeDrift(TABLE, **{"false_alarms": PROMISE, "reference": REFERENCE, **more})


def of(recipes: NDArray[np.object_], recipe: str | None) -> NDArray[np.intp]:
    return np.flatnonzero([each == recipe for each in recipes])


def test_an_unchanged_stream_of_very_different_recipes_raises_no_alarm() -> None:
    for seed in range(5):
        block, recipes = stream(3000, seed)
        drift = monitor()
        drift.fit(block[:900], recipes[:900])
        assert drift.update(block[900:], recipes[900:]) == []
        assert set(drift.standings.values()) == {"own"}


def test_one_monitor_for_all_recipes_is_blind_where_recipes_are_mixed() -> None:
    block, recipes = stream(3000, seed=1)
    changed = of(recipes, "A")  # whose level is between those of the others
    changed = changed[changed >= 1500]
    block = shifted(block, changed, 2.0)
    pooled = Drift(TABLE, false_alarms=PROMISE)
    pooled.fit(block[:900])
    drift = monitor()
    drift.fit(block[:900], recipes[:900])
    alarm = drift.update(block[900:], recipes[900:])[0]
    assert (alarm.recipe, alarm.columns[0]) == ("A", "pressure")
    within = alarm.record + 900 - 1500
    assert 0 <= within < 60
    # What moves A by two of its standard deviations is a hundredth of those of all records.
    assert pooled.update(block[900 : 1500 + 10 * within]) == []


def test_one_monitor_for_all_recipes_cries_wolf_where_recipes_take_turns() -> None:
    block, recipes = stream(3000, seed=2)
    turns = np.concatenate([np.arange(900), 900 + np.argsort(recipes[900:], kind="stable")])
    block, recipes = block[turns], recipes[turns]
    pooled = Drift(TABLE, false_alarms=PROMISE)
    pooled.fit(block[:900])
    assert pooled.update(block[900:])
    drift = monitor()
    drift.fit(block[:900], recipes[:900])
    assert drift.update(block[900:], recipes[900:]) == []


@functools.cache
def changing() -> tuple[Block, NDArray[np.object_]]:
    """B changes at 1100, and stays so; records without recipe are one more."""
    block, recipes = stream(1600, seed=3, levels={**LEVELS, None: 7.0})
    rows = of(recipes, "B")
    return shifted(block, rows[rows >= 1100], 1.5), recipes


def test_a_recipe_is_judged_as_if_it_were_alone() -> None:
    block, recipes = changing()
    drift = monitor()
    drift.fit(block[:0], recipes[:0])
    found = [alarm for alarm in drift.update(block, recipes) if alarm.is_fault]
    expected = []
    for recipe in {**LEVELS, None: 7.0}:
        rows = of(recipes, recipe)
        alone = Drift(TABLE, false_alarms=PROMISE)
        alone.fit(block[rows[:REFERENCE]])
        for alarm in alone.update(block[rows[REFERENCE:]]):
            places = rows[REFERENCE + alarm.record], rows[REFERENCE + alarm.change_point]
            expected.append((*places, recipe, alarm.kind, alarm.columns, alarm.statistic))
    assert any(recipe == "B" for _, _, recipe, *_ in expected)
    told = [(a.record, a.change_point, a.recipe, a.kind, a.columns, a.statistic) for a in found]
    assert told == sorted(expected, key=lambda alarm: alarm[0])
    assert all(alarm.text.startswith(f"recipe {alarm.recipe}: ") for alarm in found)


@settings(deadline=None, max_examples=6, derandomize=True)
@given(cuts=st.lists(st.integers(0, 1600), max_size=8), stops=st.sets(st.integers(0, 8)))
def test_cuts_and_stops_change_nothing_to_the_last_bit(cuts: list[int], stops: set[int]) -> None:
    expected, notes, state = whole()
    block, recipes = changing()
    drift = monitor()
    found: list[DriftAlarm] = []
    for i, (first, last) in enumerate(itertools.pairwise([0, *sorted(cuts), 1600])):
        found += drift.update(block[first:last], recipes[first:last])
        if i in stops:
            text = json.dumps(drift.state())
            drift = monitor()
            drift.restore(json.loads(text))
    assert found == expected
    assert drift.take_notes() == notes
    assert json.dumps(drift.state()) == state


@functools.cache
def whole() -> tuple[list[DriftAlarm], list[Any], str]:
    drift = monitor()
    found = drift.update(*changing())
    return found, drift.take_notes(), json.dumps(drift.state())


@settings(deadline=None, max_examples=4, derandomize=True)
@given(cuts=st.lists(st.integers(0, 1600), max_size=8), restart=st.booleans())
def test_in_steps_it_stops_at_each_fault_whatever_the_cuts(cuts: list[int], restart: bool) -> None:
    assert _in_steps(cuts, restart=restart) == _in_steps([], restart=False)


def _in_steps(cuts: list[int], *, restart: bool) -> tuple[list[DriftAlarm], str]:
    """Alarms of a driver that stops at a fault and lets the recipe begin again there."""
    block, recipes = changing()
    drift = monitor()
    found: list[DriftAlarm] = []
    done = 0
    for end in [*sorted(cuts), len(block)]:
        while done < end:
            alarms, taken = drift.take(block[done:end], recipes[done:end])
            found += alarms
            done += taken
            assert all(alarm.record < done for alarm in alarms)
            for alarm in alarms:
                if alarm.is_fault:
                    assert alarm.record == done - 1
                    rows = of(recipes, alarm.recipe)
                    rows = rows[(rows >= alarm.change_point) & (rows < done)]
                    drift.begin_again(alarm.recipe, block[rows], rows, wait=False)
            for recipe in drift.due:
                fitted = Drift(TABLE, false_alarms=PROMISE)
                fitted.fit(drift.collected(recipe))
                drift.begin(recipe, fitted.state())
            if restart:
                text = json.dumps(drift.state())
                drift = monitor()
                drift.restore(json.loads(text))
    return found, json.dumps(drift.state())


def test_what_has_changed_begins_its_reference_again_and_the_others_keep_theirs() -> None:
    block, recipes = changing()
    drift = monitor()
    alarms, done = drift.take(block, recipes)
    while not alarms:
        for recipe in drift.due:
            fitted = Drift(TABLE, false_alarms=PROMISE)
            fitted.fit(drift.collected(recipe))
            drift.begin(recipe, fitted.state())
        alarms, taken = drift.take(block[done:], recipes[done:])
        done += taken
    assert {alarm.recipe for alarm in alarms} == {"B"}
    drift.begin_again("B", block[:0], of(recipes[:0], "B"), wait=True)
    assert {**drift.standings, "B": ""} == {"A": "own", "B": "", "C": "own", None: "own"}
    assert drift.standings["B"] == "held"
    rest = block[done:], recipes[done:]
    assert drift.take(*rest) == ([], len(rest[0]))  # B is not judged, however it goes on
    assert drift.standings["B"] == "held"
    drift.release()
    assert len(drift.collected("B")) == len(of(rest[1], "B"))
    assert drift.standings["B"] in {"apart", "lent"}


# Recipes that were not seen before


def lent(
    level: float, n: int, *, seed: int, change: int | None = None, size: float = 1.0
) -> tuple[RecipeDrift, list[DriftAlarm]]:
    """A and C are known; then come n records of B at a level, with a change after some of them."""
    block, recipes = stream(1000, seed, levels={"A": 0.0, "C": -300.0})
    drift = monitor(reference=400)
    drift.fit(block, recipes)
    assert drift.standings == {"A": "own", "C": "own"}
    b, named = stream(n, seed + 1000, levels={"B": level})
    if change is not None:
        b = shifted(b, slice(change, None), size)
    return drift, drift.update(b, named)


def test_an_unseen_recipe_is_judged_by_the_nearest_and_says_so() -> None:
    drift, alarms = lent(-300.0, 100, seed=1)
    (note,) = drift.take_notes()
    assert (note.recipe, note.kind, note.record) == ("B", "lent", 29)
    assert note.text.startswith("recipe B is judged by the reference of recipe C, the nearest (KL ")
    assert note.text.endswith("until it has 400 records of its own")
    assert alarms == []
    assert drift.standings["B"] == "lent"


@pytest.mark.parametrize("seed", range(5))
def test_a_change_is_found_by_a_reference_that_was_lent(seed: int) -> None:
    drift, alarms = lent(0.0, 350, seed=seed, change=150, size=1.5)
    first = alarms[0]
    assert first.recipe == "B"
    assert 150 <= first.record < 150 + 60
    assert abs(first.change_point - 150) <= 15
    assert first.columns[0] == "pressure"
    assert first.text.endswith("(judged by the reference of recipe A)")
    # Its own reference holds nothing from before the change.
    assert len(drift.collected("B")) <= 350 - first.change_point


@pytest.mark.parametrize("level", [0.2, 0.5, 1.0, 5.0, 100.0])
def test_a_recipe_that_is_only_different_raises_no_alarm(level: float) -> None:
    for seed in range(4):
        _, alarms = lent(level, 399, seed=seed)
        assert alarms == []


def test_a_recipe_that_is_unlike_all_others_waits_for_a_reference_of_its_own() -> None:
    drift, alarms = lent(30.0, 500, seed=1, change=450, size=2.0)
    apart, own = drift.take_notes()
    assert (apart.kind, apart.record, own.kind, own.record) == ("apart", 29, "own", 399)
    assert "cannot be told until it has 400 records of its own" in apart.text
    assert own.text == "recipe B has a reference of its own now, 400 records"
    assert alarms[0].record >= 450
    assert "judged by" not in alarms[0].text


def test_it_learns_from_whoever_comes_first_and_lends_to_the_others() -> None:
    block, recipes = stream(330, seed=4, levels={"A": 0.0, "B": 0.0})
    recipes[recipes == "B"] = np.where(np.arange((recipes == "B").sum()) % 2, "B", "A")
    drift = monitor(reference=150)
    drift.update(block, recipes)
    kinds = [(note.recipe, note.kind) for note in drift.take_notes()]
    assert kinds == [("A", "alone"), ("B", "alone"), ("A", "own"), ("B", "lent")]


# Bounds


def test_the_recipe_seen_longest_ago_is_forgotten() -> None:
    drift = monitor(most=2, reference=50)
    for recipe in "ABA":
        drift.update(*stream(60, seed=5, levels={recipe: 0.0}))
    drift.update(*stream(1, seed=6, levels={"C": 0.0}))
    assert set(drift.standings) == {"A", "C"}
    note = drift.take_notes()[-1]
    assert note.text == (
        "recipe B was seen longest ago and is forgotten (1 so far): 2 recipes are known at a time"
    )


def test_names_without_end_are_told_seldom_and_kept_few() -> None:
    block, recipes = stream(2000, seed=7)
    recipes[:] = [f"run {i}" for i in range(2000)]
    drift = monitor()
    assert drift.update(block, recipes) == []
    assert drift.forgotten == 2000 - 16
    assert [n.text.split("(")[1].split(" ")[0] for n in drift.take_notes()] == [
        "1", "10", "100", "1000"
    ]  # fmt: skip
    assert len(drift.standings) == 16


def test_its_state_does_not_grow() -> None:
    drift = monitor()
    drift.update(*stream(2000, seed=8))
    drift.take_notes()
    before = len(json.dumps(drift.state()))
    for seed in range(9, 14):
        drift.update(*stream(3000, seed))
        drift.take_notes()
    assert len(json.dumps(drift.state())) < 1.02 * before + 500


# Cells of every sort

MIXED = Table(
    (
        Column(name="dose", role=Role.SET_POINT),
        Column(name="solvent", role=Role.SET_POINT, kind=Kind.CATEGORY),
        Column(name="answer"),
        Column(name="count", kind=Kind.INTEGER),
        Column(name="never"),
        Column(name="always"),
        Column(name="operator", role=Role.CONTEXT, kind=Kind.CATEGORY),
    )
)


def mixed(n: int, seed: int, slope: float) -> Block:
    rng = np.random.default_rng(seed)
    dose = rng.uniform(0, 1, n)
    numbers = np.column_stack(
        [
            dose,
            slope * dose + 0.1 * rng.normal(size=n),
            rng.integers(50, size=n),
            dose,
            np.full(n, 4.0),
        ]
    )
    numbers[:, 3] = np.nan
    numbers[rng.random(n) < 0.1, 1] = np.nan
    texts = np.empty((n, 2), dtype=object)
    texts[:, 0] = rng.choice(["water", "ethanol"], n)
    texts[:, 1] = None
    return Block(MIXED, numbers, texts)


def test_mixed_missing_and_constant_columns_are_taken_as_they_come() -> None:
    drift = RecipeDrift(MIXED, false_alarms=PROMISE, reference=300)
    for recipe, slope in (("up", 2.0), ("down", -2.0)):
        assert drift.update(mixed(500, seed=1, slope=slope), [recipe] * 500) == []
    assert drift.standings == {"up": "own", "down": "own"}
    drift.update(mixed(60, seed=2, slope=2.0), ["new"] * 60)
    assert drift.take_notes()[-1].text.startswith(
        "recipe new is judged by the reference of recipe up"
    )
    restored = RecipeDrift(MIXED, false_alarms=PROMISE, reference=300)
    restored.restore(json.loads(json.dumps(drift.state())))
    assert json.dumps(restored.state()) == json.dumps(drift.state())
    alarms = drift.update(mixed(100, seed=3, slope=1.0), ["up"] * 100)
    assert (alarms[0].kind, alarms[0].columns[0]) == ("given-set-points", "answer")


def test_a_recipe_of_missing_cells_alone_is_survived() -> None:
    drift = monitor()
    drift.update(*stream(900, seed=10))
    block, recipes = stream(700, seed=11, levels={"empty": 0.0})
    block.numbers[:] = np.nan
    assert drift.update(block, recipes) == []
    assert drift.standings["empty"] == "own"


def test_a_state_of_other_parameters_is_refused() -> None:
    state = monitor().state()
    for other in ({"false_alarms": 5.0}, {"reference": 7}, {"most": 3}, {"seed": 1}):
        with pytest.raises(StateMismatch, match="fit it again"):
            monitor(**other).restore(state)


@pytest.mark.parametrize("wrong", [{"false_alarms": 1.0}, {"reference": 0}, {"most": 0}])
def test_parameters_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        monitor(**wrong)


def test_a_reference_that_is_too_short_grows_to_what_is_needed() -> None:
    drift = monitor(reference=20)
    drift.update(*stream(29, seed=12, levels={"A": 0.0}))
    assert drift.take_notes()[0].kind == "short"
    drift.update(*stream(30, seed=13, levels={"A": 0.0}))
    assert drift.standings == {"A": "own"}
