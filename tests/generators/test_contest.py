"""What a contest measures of generators, and how it chooses a sieve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from halflife.generators import Noise
from halflife.generators.contest import Contest
from halflife.generators.contest_scores import ContestScores
from halflife.generators.held_out_trial import HeldOutTrial
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table((Column(name="x"), Column(name="y")))


def rows(count: int, seed: int, *, shift: float = 0.0) -> Block:
    numbers = np.random.default_rng(seed).normal(size=(count, 2)) + shift
    return Block(TABLE, numbers, np.empty((count, 0), dtype=object))


def test_rows_of_the_same_law_pass_and_copies_and_others_do_not() -> None:
    trial = HeldOutTrial(rows(300, 0), rows(300, 1), seed=0)
    same, copied, other = (
        trial.scores(made) for made in (rows(300, 2), rows(300, 0), rows(300, 3, shift=4.0))
    )
    assert same.met
    # Standard error of a share from 300 rows: .029, and as much from where the real rows lie.
    assert same.near == pytest.approx(0.5, abs=0.12)
    assert (copied.near, copied.copies, copied.missed) == (1.0, 300, pytest.approx(1.4, abs=0.05))
    assert other.area > 0.98
    assert other.copies == 0


def test_the_area_is_the_share_of_pairs_that_are_ordered() -> None:
    """Of two normal laws that are one apart: at most Phi(1 / sqrt 2), for whoever knows them."""
    trial = HeldOutTrial(rows(1500, 0), rows(1500, 1), seed=0)
    known = float(ndtr(1 / np.sqrt(2)))
    made = rows(1500, 2)
    made.numbers[:, 0] += 1.0
    assert 0.6 < trial.scores(made).area < known + 0.02
    assert trial.scores(made, near=0.25).near == 0.25


def test_the_skill_of_many_rows_is_the_mean_of_batches() -> None:
    """Each as great as what has trained: more rows than that would teach more, not the same."""
    table = Table((Column(name="x"), Column(name="y")), target="y")

    def line(count: int, seed: int) -> Block:
        random = np.random.default_rng(seed)
        x = random.normal(size=count)
        numbers = np.column_stack([x, x + random.normal(size=count)])
        return Block(table, numbers, np.empty((count, 0), dtype=object))

    trial = HeldOutTrial(line(100, 0), line(100, 1), seed=0)
    made = line(400, 2)
    single = [trial.scores(made[start : start + 100]).lost for start in range(0, 400, 100)]
    assert trial.scores(made).lost == pytest.approx(np.mean(single), abs=1e-9)


def test_no_more_than_eight_thousand_rows_take_part() -> None:
    contest = Contest(rows(9_001, 0), seed=0)
    assert [len(half) for half in contest.halves] == [4_000, 4_000]


def test_replicates_are_no_copies() -> None:
    """Where held-out rows repeat training rows as often as synthetic ones do."""
    grid = [
        Block(
            TABLE,
            np.random.default_rng(seed).integers(0, 4, (300, 2)).astype(float),
            np.empty((300, 0), dtype=object),
        )
        for seed in range(3)
    ]
    assert HeldOutTrial(*grid[:2], seed=0).scores(grid[2]).copies == 0


@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.CATEGORY])
def test_skill_is_lost_where_the_target_is_drawn_on_its_own(kind: Kind) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=900)
    y = 2 * x + 0.1 * random.normal(size=900)
    blind = random.permutation(y[600:])
    numbers, level = np.column_stack([x, y]), np.where(y > 0, "high", "low").astype(object)
    table = Table((Column(name="x"), Column(name="y", kind=kind)), target="y")
    if kind is Kind.NUMBER:
        block = Block(table, numbers, np.empty((900, 0), dtype=object))
        other = Block(table, np.column_stack([x[600:], blind]), block.texts[600:])
    else:
        block = Block(table, x[:, None], level[:, None])
        other = Block(table, x[600:, None], random.permutation(level[600:])[:, None])
    trial = HeldOutTrial(block[:300], block[300:600], seed=0)
    # Real rows explain nearly all; rows without a relation nothing, or less than a mean would.
    assert trial.scores(block[600:]).lost == pytest.approx(0.0, abs=0.05)
    assert trial.scores(other).lost > 0.7


def test_the_loss_is_what_is_missed_and_the_skill_lost() -> None:
    scores = ContestScores(area=0.65, near=0.62, copies=0.0, lost=0.1)
    assert scores.loss == pytest.approx(0.05 + 0.02 + 0.1)
    assert not scores.met
    assert ContestScores(area=0.5, near=0.4, copies=0.5, lost=-0.1).loss == 1.0
    mean = ContestScores.mean([scores, ContestScores(0.55, 0.58, 2.0, 0.0)])
    assert (mean.area, mean.near, mean.copies) == pytest.approx((0.6, 0.6, 1.0))


def test_the_weakest_sieve_that_keeps_away_is_taken() -> None:
    contest = Contest(rows(512, 5), seed=0)

    def entry(spread: float, **powers: tuple[float, ...]) -> tuple[float | None, float]:
        fitted = [Noise(TABLE, spread=spread) for _ in contest.halves]
        for noise, half in zip(fitted, contest.halves, strict=True):
            noise.fit(half, seed=0)
        found = contest.entry(fitted, None, **powers)
        return found.setting.power, found.scores.near

    assert entry(1.0)[0] == 0.0  # drawn anew: no sieve is needed
    power, near = entry(0.2)
    assert power is not None
    assert power > 0.0
    assert near <= 0.57
    assert entry(0.2, powers=(0.0,))[1] > 0.57
    unsieved = entry(0.2, powers=())
    assert unsieved[0] is None
    assert unsieved[1] > 0.57
