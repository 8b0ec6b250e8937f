"""The Gaussian mixture: how many parts it takes, and what follows from a condition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

from halflife.generators import Mixture, Where
from halflife.generators.mixture_fit import MixtureFit
from halflife.schemas.table import Block, Column, Kind, Table


def clusters(rows: int, seed: int) -> tuple[Block, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Two clusters of two numbers, and a category that tells them apart in 9 of 10 rows."""
    random = np.random.default_rng(seed)
    first = random.random(rows) < 0.4
    x = np.where(first, -2.0, 2.0) + random.normal(size=rows)
    y = np.where(first, 3.0, -3.0) + 0.5 * random.normal(size=rows)
    who = np.where(first ^ (random.random(rows) < 0.1), "ann", "bob").astype(object)
    table = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))
    return Block(table, np.column_stack([x, y]), who[:, None]), first


def fitted(block: Block) -> Mixture:
    mixture = Mixture(block.table)
    mixture.fit(block, seed=0)
    return mixture


def test_one_gaussian_is_one_part_and_two_clusters_are_two() -> None:
    random = np.random.default_rng(0)
    nothing = np.empty((1500, 0), dtype=np.int64)
    z = random.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 1500)
    one = MixtureFit.of(z, nothing, (), most=8, seed=0)
    assert len(one.parts.weights) == 1
    np.testing.assert_allclose(one.parts.covariances[0], [[1, 0.7], [0.7, 1]], atol=0.15)
    z[:500] = 0.5 * random.standard_normal((500, 2)) + [6.0, -6.0]
    two = MixtureFit.of(z, nothing, (), most=8, seed=0)
    assert sorted(two.parts.weights) == pytest.approx([1 / 3, 2 / 3], abs=0.01)


def test_margins_are_those_of_the_rows() -> None:
    block, _ = clusters(2000, seed=1)
    made = fitted(block).sample(4000, seed=0)
    for name in ("x", "y"):
        assert ks_2samp(made.number(name), block.number(name)).pvalue > 0.01
    share = np.mean(block.text("who") == "ann")
    assert np.mean(made.text("who") == "ann") == pytest.approx(share, abs=0.04)


def test_a_condition_on_a_number_weighs_the_parts_as_theory_does() -> None:
    block, _ = clusters(4000, seed=2)
    at = -0.25
    made = fitted(block).sample(4000, seed=0, where=Where.of({"x": at}, block.table))
    # Chance of the first cluster given x, and the mean of y that follows.
    odds = 0.4 * norm.pdf(at + 2), 0.6 * norm.pdf(at - 2)
    chance = odds[0] / sum(odds)
    assert (made.number("x") == at).all()
    # The densities at one point are known to some 10 % from 4,000 rows.
    assert np.mean(made.number("y") > 0) == pytest.approx(chance, abs=0.12)


def test_a_condition_on_a_level_weighs_the_parts_as_theory_does() -> None:
    block, first = clusters(4000, seed=3)
    made = fitted(block).sample(4000, seed=0, where=Where.of({"who": "ann"}, block.table))
    assert set(made.text("who")) == {"ann"}
    expected = first[block.text("who") == "ann"].mean()
    assert np.mean(made.number("y") > 0) == pytest.approx(expected, abs=0.03)


def test_fifty_rows_are_enough_for_as_many_columns_as_a_lab_has() -> None:
    random = np.random.default_rng(4)
    cells = random.normal(size=(50, 18)) + random.normal(size=(50, 1))
    table = Table(tuple(Column(name=f"x{j}") for j in range(18)))
    made = fitted(Block(table, cells, np.empty((50, 0), dtype=object))).sample(1000, seed=0)
    assert np.isfinite(made.numbers).all()
    off = ~np.eye(18, dtype=bool)
    found = np.corrcoef(made.numbers.T)[off].mean()
    assert 0.25 < found < 0.75  # true .5; the prior draws towards none


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="most_parts must be at least 1"):
        Mixture(Table((Column(name="x"),)), most_parts=0)
