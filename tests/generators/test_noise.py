"""Augmentation by noise: how far rows are moved, and what stays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import ks_2samp, rankdata

from halflife.generators import Noise
from halflife.schemas.table import Block, Column, Table


@pytest.mark.parametrize("spread", [0.05, 0.5])
def test_the_noise_has_its_spread_and_the_margin_stays(spread: float) -> None:
    x = np.random.default_rng(0).normal(size=3000)
    table = Table((Column(name="x"), Column(name="y")))
    noise = Noise(table, spread=spread)
    noise.fit(Block(table, np.column_stack([x, x]), np.empty((3000, 0), dtype=object)), seed=0)
    made = noise.sample(3000, seed=1)
    scores = [ndtri((rankdata(column) - 0.5) / 3000) for column in made.numbers.T]
    # Both move on their own by s: cor = 1 - s**2, so the difference has a variance of 2 s**2.
    assert np.std(scores[0] - scores[1]) == pytest.approx(np.sqrt(2) * spread, rel=0.1)
    assert ks_2samp(made.number("x"), x).pvalue > 0.01


def test_levels_stay_and_gaps_stay() -> None:
    random = np.random.default_rng(1)
    x = random.choice([0.5, 1.5, 2.5], 400)
    y = np.where(x > 2, np.nan, 10 * x + random.normal(size=400))
    table = Table((Column(name="x"), Column(name="y")))
    noise = Noise(table)
    noise.fit(Block(table, np.column_stack([x, y]), np.empty((400, 0), dtype=object)), seed=0)
    made = noise.sample(1000, seed=0)
    assert set(made.number("x")) == {0.5, 1.5, 2.5}
    assert np.array_equal(np.isnan(made.number("y")), made.number("x") > 2)


@pytest.mark.parametrize("spread", [0.0, 1.5, np.nan])
def test_options_that_mean_nothing_are_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="spread must be above 0"):
        Noise(Table((Column(name="x"),)), spread=spread)
