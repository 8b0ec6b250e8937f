"""What columns of real laboratories are like: gaps, new levels, constants, counts and grids."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from halflife.monitors import Drift, DriftAlarm
from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, Table

PROMISE = 10_000.0
PAIR = Table((Column(name="x", unit="bar"), Column(name="y")))
PHASES = Table((Column(name="x"), Column(name="phase", kind=Kind.CATEGORY)))
SOLVENTS = Table(
    (
        Column(name="dose", role=Role.SET_POINT),
        Column(name="solvent", role=Role.SET_POINT, kind=Kind.CATEGORY),
        Column(name="answer"),
    )
)


def numbers(cells: FloatArray, table: Table = PAIR) -> Block:
    return Block(table, cells, np.empty((len(cells), len(table.categories)), dtype=object))


def alarms(block: Block, *, reference: int = 500) -> list[DriftAlarm]:
    """Faults in what comes after the reference."""
    drift = Drift(block.table, false_alarms=PROMISE)
    drift.fit(block[:reference])
    return [alarm for alarm in drift.update(block[reference:]) if alarm.is_fault]


# Missing cells


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_gaps_at_the_rate_of_the_reference_are_no_drift(share: float) -> None:
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(2500, 2))
    cells[rng.random(cells.shape) < share] = np.nan
    assert alarms(numbers(cells)) == []


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.3), (0.05, 0.4), (0.5, 0.05), (0.02, 1.0)])
def test_gaps_that_become_more_or_fewer_are_told_as_such(before: float, after: float) -> None:
    rng = np.random.default_rng(1)
    cells = rng.normal(size=(1500, 2))
    share = np.where(np.arange(1500) < 1000, before, after)
    cells[rng.random(1500) < share, 0] = np.nan
    first = alarms(numbers(cells))[0]
    assert (first.kind, first.columns) == ("missing", ("x",))
    assert 500 <= first.record < 500 + 90
    assert first.direction == ("up" if after > before else "down")
    assert first.size == pytest.approx(after - before, abs=0.25)


def test_a_shift_is_found_through_gaps() -> None:
    rng = np.random.default_rng(2)
    cells = rng.normal(size=(1500, 2))
    cells[1000:, 0] += 1.5
    cells[rng.random(cells.shape) < 0.4] = np.nan
    first = alarms(numbers(cells))[0]
    assert (first.kind, first.columns[0]) == ("column", "x")
    assert 500 <= first.record < 560


# Categories


def phases(n: int, seed: int, levels: list[str], shares: list[float]) -> NDArray[np.object_]:
    return np.random.default_rng(seed).choice(levels, n, p=shares).astype(object)[:, None]


def test_a_level_that_the_reference_never_had_is_told() -> None:
    texts = phases(1500, 0, ["alpha", "beta"], [0.7, 0.3])
    texts[1000:][np.random.default_rng(1).random(500) < 0.2] = "gamma"
    cells = np.random.default_rng(2).normal(size=(1500, 1))
    first = alarms(Block(PHASES, cells, texts))[0]
    assert (first.kind, first.columns) == ("category", ("phase",))
    assert 500 <= first.record < 560
    assert "new or rare level" in first.text


def test_an_unknown_set_point_is_the_planners_doing() -> None:
    rng = np.random.default_rng(3)
    dose = rng.uniform(size=1500)
    cells = np.column_stack([dose, 2 * dose + 0.1 * rng.normal(size=1500)])
    texts = phases(1500, 4, ["water", "ethanol"], [0.5, 0.5])
    texts[1000:] = "acetone"
    cells[1000:, 1] += 3.0  # as acetone may have it
    assert alarms(Block(SOLVENTS, cells, texts)) == []


# Constants, counts and grids


def test_a_constant_that_stays_is_silent_and_one_that_moves_is_told() -> None:
    rng = np.random.default_rng(5)
    cells = np.column_stack([np.full(2500, 20.0), rng.normal(size=2500)])
    assert alarms(numbers(cells)) == []
    cells[1000:, 0] = 21.0
    first = alarms(numbers(cells))[0]
    assert first.columns[0] == "x"
    assert 500 <= first.record < 530
    assert first.direction == "up"


def test_a_constant_that_begins_to_vary_is_told() -> None:
    rng = np.random.default_rng(6)
    cells = np.column_stack([np.full(1500, 20.0), rng.normal(size=1500)])
    cells[1000:, 0] += rng.normal(size=500)
    first = alarms(numbers(cells))[0]
    assert first.columns[0] == "x"
    assert 500 <= first.record < 530


def test_a_column_that_freezes_is_told() -> None:
    cells = np.random.default_rng(7).normal(size=(1500, 2))
    cells[1000:, 0] = cells[1000, 0]
    first = alarms(numbers(cells))[0]
    assert first.columns[0] == "x"
    assert 500 <= first.record < 560


def counts(n: int, seed: int, mean: float) -> FloatArray:
    return np.random.default_rng(seed).poisson(mean, n).astype(np.float64)


@pytest.mark.parametrize("mean", [0.1, 1.0, 20.0])
def test_counts_are_watched_like_other_numbers(mean: float) -> None:
    table = Table((Column(name="count", kind=Kind.INTEGER), Column(name="y")))
    y = np.random.default_rng(8).normal(size=2500)
    same = np.column_stack([counts(2500, 9, mean), y])
    assert alarms(numbers(same, table)) == []
    moved = same[:1500].copy()
    moved[1000:, 0] = counts(500, 10, mean + 2 * np.sqrt(mean) + 0.5)
    first = alarms(numbers(moved, table))[0]
    assert first.columns[0] == "count"
    assert 500 <= first.record < 560


@pytest.mark.parametrize("levels", [2, 5, 40])
def test_grids_are_watched_like_other_numbers(levels: int) -> None:
    rng = np.random.default_rng(11)
    grid = rng.integers(levels, size=2500).astype(np.float64)
    same = np.column_stack([grid, rng.normal(size=2500)])
    assert alarms(numbers(same)) == []
    moved = same[:1500].copy()
    moved[1000:, 0] = rng.integers(levels // 2, levels, size=500)
    first = alarms(numbers(moved))[0]
    assert first.columns[0] == "x"
    assert 500 <= first.record < 600


def test_values_below_a_detection_limit_are_no_drift_and_their_rise_is() -> None:
    table = Table((Column(name="x"),))
    cells = np.random.default_rng(12).normal(size=(2500, 1))
    assert alarms(numbers(np.maximum(cells, 0.3), table)) == []
    cells[1000:, 0] += 1.0
    first = alarms(numbers(np.maximum(cells, 0.3)[:1500], table))[0]
    assert first.columns[0] == "x"
    assert 500 <= first.record < 560


def test_at_rest_it_is_as_it_was_after_its_reference() -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"heat": random.uniform(0, 1, 700), "grade": random.choice(["a", "b"], 700)}
    )
    frame["signal"] = 2 * frame["heat"] + random.normal(0, 0.1, 700)
    table = Table(
        (
            Column(name="heat", role=Role.SET_POINT),
            Column(name="grade", kind=Kind.CATEGORY),
            Column(name="signal"),
        )
    )
    block = Block.from_frame(table, frame)
    drift = Drift(table, false_alarms=1000)
    drift.fit(block[:300])
    fresh = drift.state()
    drift.update(block[300:])
    assert drift.state() != fresh
    drift.rest()
    assert drift.state() == fresh
