from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import ks_2samp

from halflife.schemas.table import Block
from tests.bench.drift_promise import (
    COLUMNS,
    FALSE_ALARMS,
    REFERENCES,
    Cell,
    Quiet,
    design,
    judge,
    watch,
)
from tests.harness.real_streams import REAL, DataNotHereError, real, shuffled
from tests.harness.unchanged_streams import UNCHANGED_KINDS, unchanged, wander


@pytest.mark.parametrize("kind", UNCHANGED_KINDS)
@pytest.mark.parametrize("d", COLUMNS)
def test_streams_have_the_columns_asked_for_and_depend_on_the_seed_alone(kind: str, d: int) -> None:
    block = unchanged(kind, d, 50, 1)
    assert (len(block), len(block.table.columns)) == (50, d)
    assert block.digest() == unchanged(kind, d, 50, 1).digest()
    assert block.digest() != unchanged(kind, d, 50, 2).digest()
    assert not np.isinf(block.numbers).any()


@pytest.mark.parametrize(("kind", "correlation"), [("AR(1) .3", 0.3), ("AR(1) .9", 0.9)])
def test_autoregressive_columns_are_as_correlated_as_told(kind: str, correlation: float) -> None:
    x = unchanged(kind, 4, 20_000, 0).numbers
    assert x.var() == pytest.approx(1, abs=0.1)
    assert np.corrcoef(x[:-1, 0], x[1:, 0])[0, 1] == pytest.approx(correlation, abs=0.03)


def test_a_planner_that_wanders_stays_in_its_cube_and_moves() -> None:
    x = wander(np.random.default_rng(0), 3, 5000)
    assert 0 <= x.min() <= x.max() <= 1
    assert ks_2samp(x[:500, 0], x[-500:, 0]).pvalue < 1e-6


@pytest.mark.parametrize("name", REAL)
def test_a_shuffle_has_all_rows_of_a_real_table(name: str) -> None:
    try:
        block = real(name)
    except DataNotHereError as error:
        pytest.skip(str(error))
    again = shuffled(name, 3)

    def sums(rows: Block) -> list[float]:
        return sorted(np.nansum(rows.numbers, axis=1).tolist())

    assert sums(again) == pytest.approx(sums(block))
    assert again.digest() != block.digest()


def test_every_two_levels_of_two_factors_meet() -> None:
    cells = design()
    factors = {
        "kind": tuple(UNCHANGED_KINDS),
        "false_alarms": FALSE_ALARMS,
        "reference": REFERENCES,
        "columns": COLUMNS,
    }
    for one, other in itertools.combinations(factors, 2):
        met = {(getattr(cell, one), getattr(cell, other)) for cell in cells}
        assert met == set(itertools.product(factors[one], factors[other]))


KINDS = ("normal", "Student t(3)", "grid", "mixed", "campaign, drawn", "campaign, grid")
CASES = [
    *((kind, reference) for kind in KINDS for reference in (60, 500)),
    ("noise in stretches", 2000),  # of which a shorter reference has seen too few
]


@pytest.mark.parametrize(("kind", "reference"), CASES)
def test_the_promise_is_not_refuted_in_a_few_cells(kind: str, reference: int) -> None:
    cell = Cell(kind, 1000, reference, 8, 2000, 10)
    kept = judge(cell, [watch((cell, seed)) for seed in range(cell.seeds)])
    assert kept.records == 20_000
    assert kept.verdict in {"kept", "kept?"}


@pytest.mark.parametrize(
    ("alarms", "reference", "verdict"),
    [
        (40, 500, "broken"),
        (24, 500, "kept?"),
        (15, 2000, "kept"),
        (3, 2000, "slow"),
        (3, 500, "kept"),
    ],
)
def test_a_verdict_is_what_the_whole_interval_says(
    alarms: int, reference: int, verdict: str
) -> None:
    cell = Cell("normal", 1000, reference, 4, 500, 40)
    runs = [Quiet(500, 500, int(i < alarms), {"column": 1}, 0) for i in range(40)]
    assert judge(cell, runs).verdict == verdict
    assert judge(cell, runs).kinds == {"column": 40}
    refused = judge(cell, [Quiet(0, 0, 0, {}, 0, "too short")])
    assert (refused.verdict, refused.refused) == ("refused", "too short")
