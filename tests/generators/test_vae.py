"""The variational autoencoder: what it learns, alone and under conditions."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators import VAE, Where
from tests.generators.neural_cases import TABLE, curve, need_torch

pytestmark = pytest.mark.neural


def test_a_curve_is_learnt_and_followed_under_conditions() -> None:
    need_torch()
    model = VAE(TABLE, steps=500, hidden=48, layers=1, rate=1e-2)
    model.fit(curve(), seed=0)
    made = model.sample(1500, seed=0)
    sign = np.where(made.text("who") == "plus", 1.0, -1.0)
    assert np.mean(sign == np.sign(made.number("y"))) > 0.95
    miss = made.number("y") - sign * (1 + made.number("x") ** 2)
    assert np.median(np.abs(miss)) < 0.35  # noise alone: .067; the spread of y: 1.9
    # y = -(1 + x**2) + .1 e: at x = 1, minus, its mean is -2.
    made = model.sample(256, seed=1, where=Where.of({"x": 1.0, "who": "minus"}, TABLE))
    assert np.mean(made.number("y")) == pytest.approx(-2.0, abs=0.3)
    made = model.sample(256, seed=2, where=Where.of({"y": 2.0}, TABLE))
    assert np.mean(made.text("who") == "plus") > 0.95
    assert np.median(np.abs(made.number("x"))) == pytest.approx(1.0, abs=0.3)


def test_a_weight_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="weight"):
        VAE(TABLE, weight=0.0)
