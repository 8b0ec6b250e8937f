"""The diffusion model: what it learns, starts from, stops at and leaves alone."""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from halflife.generators import Diffusion, NeedsTorch, Progress
from halflife.schemas.table import Block, Column, Kind, Table

pytestmark = pytest.mark.neural

TABLE = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))


@pytest.fixture(autouse=True)
def _torch() -> None:
    if importlib.util.find_spec("torch") is None:
        if os.environ.get("CI"):
            pytest.fail("torch is absent, and CI must test the neural generators")
        pytest.skip("torch is absent: pip install 'halflife[neural]'")


def curve(rows: int = 500, seed: int = 0) -> Block:
    """A curved relation with noise .1, its sign told by a category."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    who = random.choice(np.array(["plus", "minus"], dtype=object), rows)
    y = np.where(who == "plus", 1.0, -1.0) * (1 + x**2) + 0.1 * random.normal(size=rows)
    return Block(TABLE, np.column_stack([x, y]), who[:, None])


def small(**options: Any) -> Diffusion:
    return Diffusion(TABLE, **{"steps": 200, "hidden": 32, "layers": 2, **options})


def test_a_curve_and_its_category_are_learnt() -> None:
    model = Diffusion(TABLE, steps=800, hidden=64, layers=2)
    model.fit(curve(), seed=0)
    made = model.sample(2000, seed=0)
    sign = np.where(made.text("who") == "plus", 1.0, -1.0)
    assert np.mean(sign == np.sign(made.number("y"))) > 0.97
    # Standard error of a share from 500 rows: .022.
    assert np.mean(sign > 0) == pytest.approx(0.5, abs=0.08)
    miss = made.number("y") - sign * (1 + made.number("x") ** 2)
    assert np.median(np.abs(miss)) < 0.35  # noise alone: .067; the spread of y: 1.9
    assert np.std(made.number("x")) == pytest.approx(1, abs=0.15)


def test_it_says_which_device_and_why() -> None:
    model = small(steps=10, device="cpu")
    assert model.device_line == ""
    model.fit(curve(50), seed=0)
    assert model.device_line == "cpu: asked for"
    auto = small(steps=10)
    auto.fit(curve(50), seed=0)
    assert auto.device_line.split(":")[0] in {"cpu", "cuda"}


def losses(model: Diffusion, warm: Diffusion | None) -> list[float]:
    told: list[Progress] = []
    ticks = iter(range(10**6))
    model.fit(
        curve(seed=1), seed=3, warm=warm, progress=told.append, clock=lambda: float(next(ticks))
    )
    return [one.loss for one in told if one.loss is not None]


def test_a_warm_start_begins_where_the_champion_ended() -> None:
    champion = small(steps=600)
    champion.fit(curve(), seed=0)
    cold, warm = small(), small()
    cold_loss, warm_loss = losses(cold, None)[0], losses(warm, champion)[0]
    assert warm.warm_started
    assert not cold.warm_started
    assert warm_loss < cold_loss


def test_a_warm_start_from_another_shape_is_cold_and_says_so() -> None:
    champion = small(hidden=16, steps=20)
    champion.fit(curve(), seed=0)
    cold, warm = small(steps=20), small(steps=20)
    cold.fit(curve(), seed=1)
    warm.fit(curve(), seed=1, warm=champion)
    assert not warm.warm_started
    assert warm.sample(50, seed=0).digest() == cold.sample(50, seed=0).digest()


def test_the_champion_is_left_as_it_was() -> None:
    champion = small(steps=50)
    champion.fit(curve(), seed=0)
    before = champion.sample(50, seed=0).digest()
    small(steps=50).fit(curve(seed=1), seed=0, warm=champion)
    assert champion.sample(50, seed=0).digest() == before


def test_training_stops_when_held_out_rows_gain_nothing() -> None:
    told: list[Progress] = []
    random = np.random.default_rng(0)
    noise = Block(TABLE, random.normal(size=(60, 2)), np.full((60, 1), "a", dtype=object))
    model = small(steps=20_000, hidden=64)
    model.fit(noise, seed=0, progress=told.append)
    assert told[-1].step < 10_000
    assert told[-1].rows_per_second is not None


def test_torch_is_left_as_it_was() -> None:
    import torch

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    model = small(steps=20, threads=threads + 1)
    model.fit(curve(), seed=0)
    model.sample(10, seed=0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def absent(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  # the name of the original
        locals: Mapping[str, object] | None = None,  # noqa: A002  # the name of the original
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
        return real_import(name, globals, locals, fromlist or (), level)

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(NeedsTorch, match=r"pip install 'halflife\[neural\]'"):
        small().fit(curve(), seed=0)


@pytest.mark.parametrize("option", ["steps", "hidden", "layers", "sampling_steps", "threads"])
def test_sizes_of_nothing_are_refused(option: str) -> None:
    with pytest.raises(ValueError, match=option):
        Diffusion(TABLE, **{option: 0})
