from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm, norm, t

from halflife.monitors.rank_scores import RankScores
from halflife.monitors.tail_law import tail_quantiles

SELDOM = 0.5 / 2001 * 4.0 ** -np.arange(1.0, 5.0)


@pytest.mark.parametrize(
    "law", [norm(), t(3), t(2), lognorm(1.0)], ids=["normal", "t3", "t2", "lognormal"]
)
def test_what_it_calls_rare_is_rare(law: object) -> None:
    """In nine of ten references the chance to exceed a quantile is below what it is named for."""
    chances = []
    for seed in range(200):
        rng = np.random.default_rng([seed, 3])
        reference = law.rvs(size=2000, random_state=rng)  # type: ignore[attr-defined]  # frozen law
        quantiles = tail_quantiles(np.sort(reference), SELDOM)
        assert quantiles is not None
        chances.append(law.sf(quantiles))  # type: ignore[attr-defined]  # as above
    assert (np.quantile(chances, 0.9, axis=0) <= SELDOM).all()


def test_of_light_tails_it_says_more_than_ranks() -> None:
    x = np.random.default_rng(0).normal(size=(2000, 1))
    ranks = RankScores.fit(x)
    scores = ranks.scores[0][ranks.codes(np.array([[4.0], [6.0], [9.0]]))[0]]
    assert (np.diff(scores) >= 0).all()
    assert scores[-1] == pytest.approx(norm.isf(0.5 / 2001 / 256))
    assert scores[-1] - scores[0] > 0.5


@pytest.mark.parametrize(
    "values",
    [
        np.repeat([1.0, 2.0], 1000),
        np.arange(500.0),
        np.full(2000, 7.0),
        np.append(np.zeros(1999), np.inf),
        1.7e308 * np.linspace(-1, 1, 3000),
    ],
    ids=["grid", "few", "constant", "infinite", "huge"],
)
def test_where_the_largest_say_nothing_it_says_nothing(values: np.ndarray) -> None:
    found = tail_quantiles(np.sort(values), SELDOM)
    assert found is None or np.isfinite(found).all()
    RankScores.fit(np.clip(values, -1e300, 1e300)[:, None])


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.integers(0, 1000), st.floats(1e-6, 1e6), st.floats(-100, 100))
def test_codes_and_masses_do_not_depend_on_the_unit(seed: int, scale: float, shift: float) -> None:
    x = np.random.default_rng(seed).standard_t(4, size=(1500, 1))
    plain, other = RankScores.fit(x), RankScores.fit((x + shift) * scale)
    assert plain.masses.sum() == pytest.approx(1502)
    assert np.abs(plain.masses - other.masses).sum() <= 4  # rounding may move a knot's neighbour
    codes = plain.codes(x)[0]
    assert (np.diff(plain.scores[0][np.sort(codes)]) >= 0).all()
