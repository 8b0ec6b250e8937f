"""The diffusion model: what it learns, alone and under conditions."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators import Diffusion, Where
from tests.generators.neural_cases import TABLE, curve, need_torch

pytestmark = pytest.mark.neural


@pytest.fixture(scope="module")
def model() -> Diffusion:
    need_torch()
    model = Diffusion(TABLE, steps=800, hidden=64, layers=2, rate=6e-3)
    model.fit(curve(), seed=0)
    return model


def test_a_curve_and_its_category_are_learnt(model: Diffusion) -> None:
    made = model.sample(1500, seed=0)
    sign = np.where(made.text("who") == "plus", 1.0, -1.0)
    assert np.mean(sign == np.sign(made.number("y"))) > 0.97
    # Standard error of a share from 500 rows: .022.
    assert np.mean(sign > 0) == pytest.approx(0.5, abs=0.08)
    miss = made.number("y") - sign * (1 + made.number("x") ** 2)
    assert np.median(np.abs(miss)) < 0.35  # noise alone: .067; the spread of y: 1.9
    assert np.std(made.number("x")) == pytest.approx(1, abs=0.15)


def test_rows_follow_the_true_law_under_conditions(model: Diffusion) -> None:
    # y = -(1 + x**2) + .1 e: at x = 1, minus, its mean is -2.
    made = model.sample(256, seed=1, where=Where.of({"x": 1.0, "who": "minus"}, TABLE))
    assert np.mean(made.number("y")) == pytest.approx(-2.0, abs=0.25)
    away = np.abs(made.number("y") + 2.0)
    assert np.median(away) < 0.4  # without the conditions: 1.9
    # The other way round: y = 2 is met at x = 1 and at x = -1, which a network of this size
    # joins by some rows between them, and only with a plus.
    made = model.sample(256, seed=2, where=Where.of({"y": 2.0}, TABLE))
    assert np.mean(made.text("who") == "plus") > 0.93
    assert np.mean(made.number("x") > 0) == pytest.approx(0.5, abs=0.25)
    assert np.median(np.abs(made.number("x"))) == pytest.approx(1.0, abs=0.5)
    # Of an interval: x is normal, cut off below 0.
    made = model.sample(256, seed=3, where=Where.of({"x": (0, None)}, TABLE))
    assert np.mean(made.number("x")) == pytest.approx(np.sqrt(2 / np.pi), abs=0.15)


def test_guidance_exaggerates_what_is_typical() -> None:
    need_torch()
    plain, strong = (
        Diffusion(TABLE, steps=60, hidden=32, layers=1, guidance=weight) for weight in (1.0, 3.0)
    )
    where = Where.of({"who": "plus"}, TABLE)
    means = []
    for one in (plain, strong):
        one.fit(curve(), seed=0)
        means.append(float(np.mean(one.sample(512, seed=0, where=where).number("y"))))
    assert means[1] > means[0] > 0


def test_too_few_noise_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="sampling_steps"):
        Diffusion(TABLE, sampling_steps=1)
