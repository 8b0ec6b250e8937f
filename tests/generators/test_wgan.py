"""The Wasserstein GAN: what it learns, and what its parts promise."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.generators import WGAN, Where
from tests.generators.neural_cases import TABLE, curve, need_torch

pytestmark = pytest.mark.neural


def test_a_curve_is_learnt_and_followed_under_conditions() -> None:
    need_torch()
    model = WGAN(TABLE, steps=350, hidden=32, layers=2)
    model.fit(curve(), seed=0)
    made = model.sample(1500, seed=0)
    sign = np.where(made.text("who") == "plus", 1.0, -1.0)
    # Half by chance. Processors differ in the last bits, and a game of two networks in much more.
    assert np.mean(sign == np.sign(made.number("y"))) > 0.8
    assert np.std(made.number("x")) == pytest.approx(1, abs=0.2)
    made = model.sample(256, seed=1, where=Where.of({"x": 1.0, "who": "minus"}, TABLE))
    assert np.median(made.number("y")) == pytest.approx(-2.0, abs=0.8)


def test_the_hidden_layers_of_the_critic_stretch_nothing_by_more_than_one() -> None:
    need_torch()
    import torch

    from halflife.generators.networks.adversarial import Spectral
    from halflife.generators.networks.noise import Noise

    noise = Noise(0, 0)
    layer = Spectral(6, 20, noise)
    with torch.no_grad():
        layer.linear.weight.mul_(30.0)
        for _ in range(50):  # the power method needs some passes
            layer(noise.normal(1, 6))
        one, other = noise.normal(200, 6), noise.normal(200, 6)
        moved = (layer(one) - layer(other)).norm(dim=1) / (one - other).norm(dim=1)
    assert float(moved.max()) <= 1 + 1e-4
