from __future__ import annotations

import numpy as np
import pytest

from halflife.monitors.knot_codes import KnotCodes
from halflife.monitors.rank_scores import RankScores

LAWS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_cauchy(size=n),
    "six decades": lambda rng, n: np.exp(3 * rng.normal(size=n)),
    "grid": lambda rng, n: np.round(rng.normal(size=n), 1),
    "constant": lambda rng, n: np.full(n, 7.0),
    "largest": lambda rng, n: rng.choice([-1.7e308, -1.0, 0.0, 1e-300, 1.7e308], size=n),
    "denormal": lambda rng, n: rng.normal(size=n) * 1e-320,
    "far from zero": lambda rng, n: 1e15 + rng.integers(0, 300, n) * 0.125,
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [30, 3000])
def test_they_are_those_of_a_search(law: str, n: int) -> None:
    rng = np.random.default_rng(n)
    knots = RankScores.fit(LAWS[law](rng, n)[:, None]).knots
    exact = knots[0][np.isfinite(knots[0])]
    beside = [np.nextafter(exact, -1e308), exact, np.nextafter(exact, 1e308)]
    values = np.concatenate([LAWS[law](rng, 2000), *beside])
    places = exact.searchsorted(values)
    on_knot = np.isin(values, exact)
    assert (KnotCodes(knots).of(values[None, :])[0] == 2 * places + on_knot).all()


def test_columns_without_knots_have_one_code() -> None:
    codes = KnotCodes(np.array([[np.inf] * 4, [0.0, 1.0, np.inf, np.inf]]))
    assert codes.of(np.array([[-5.0, 5.0], [0.5, 5.0]])).tolist() == [[0, 0], [2, 4]]
