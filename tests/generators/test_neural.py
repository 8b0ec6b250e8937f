"""What all neural generators share: devices, warm starts, checkpoints, conditions."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from halflife.generators import NeedsTorch, Progress, Where
from halflife.generators.neural import Neural
from halflife.schemas.table import Block, Column, Kind, Role, Table
from tests.generators.neural_cases import KINDS, TABLE, curve, need_torch, small

pytestmark = pytest.mark.neural


@pytest.fixture(autouse=True)
def _torch() -> None:
    need_torch()


def told_by(model: Neural, rows: Block, warm: Neural | None = None) -> list[Progress]:
    told: list[Progress] = []
    ticks = iter(range(10**6))
    model.fit(rows, seed=3, warm=warm, progress=told.append, clock=lambda: float(next(ticks)))
    return told


def test_it_says_which_device_and_why() -> None:
    model = small("diffusion", steps=2, device="cpu")
    assert model.device_line == ""
    model.fit(curve(50), seed=0)
    assert model.device_line == "cpu: asked for"
    auto = small("vae", steps=2)
    auto.fit(curve(50), seed=0)
    assert auto.device_line.startswith(("cpu: torch was built", "cuda: "))


@pytest.fixture(scope="module", params=KINDS)
def champion(request: pytest.FixtureRequest) -> Neural:
    need_torch()
    model = small(request.param, steps=150)
    model.fit(curve(), seed=0)
    return model


@pytest.mark.parametrize("changed", [False, True])
def test_a_warm_start_keeps_what_fits_a_new_level_and_another_scale(
    champion: Neural, changed: bool
) -> None:
    levels = ("plus", "minus", "third") if changed else ("plus", "minus")
    rows = curve(seed=1, levels=levels)
    rows = Block(TABLE, rows.numbers * ([1000, 0.01] if changed else 1), rows.texts)
    before = champion.sample(50, seed=0).digest()
    cold, warm = small(champion.name, steps=20), small(champion.name, steps=80)
    cold_loss, warm_loss = told_by(cold, rows)[-1].loss, told_by(warm, rows, champion)[-1].loss
    assert warm.warm_started
    assert not cold.warm_started
    assert warm_loss is not None
    assert cold_loss is not None
    if champion.name != "wgan":  # whose distance still wanders after so few steps
        assert warm_loss < cold_loss
    assert set(warm.sample(300, seed=0).text("who")) == set(levels)
    assert champion.sample(50, seed=0).digest() == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_champion_of_another_size_gives_no_start_and_it_says_so(kind: str) -> None:
    champion = small(kind, hidden=8, steps=5)
    champion.fit(curve(), seed=0)
    cold, warm = small(kind, steps=5), small(kind, steps=5)
    cold.fit(curve(), seed=1)
    warm.fit(curve(), seed=1, warm=champion)
    assert not warm.warm_started
    assert warm.sample(50, seed=0).digest() == cold.sample(50, seed=0).digest()


class Killed(Exception):  # noqa: N818  # no error
    """The process ends here."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_rows(
    kind: str, tmp_path: Path
) -> None:
    def killed_at(step: int) -> list[int]:
        steps: list[int] = []

        def tell(progress: Progress) -> None:
            steps.append(progress.step)
            if progress.step >= step:
                raise Killed

        ticks = iter(range(10**6))
        model = small(kind, steps=200)
        model.fit(
            curve(),
            seed=1,
            progress=tell,
            clock=lambda: float(next(ticks)),
            checkpoints=tmp_path / "unfinished",
        )
        return steps

    whole = small(kind, steps=200)
    whole.fit(curve(), seed=1)
    with pytest.raises(Killed):
        killed_at(150)
    again = small(kind, steps=200)
    told: list[int] = []
    again.fit(
        curve(),
        seed=1,
        progress=lambda progress: told.append(progress.step),
        checkpoints=tmp_path / "unfinished",
        clock=iter(np.arange(1e5)).__next__,
    )
    assert told[0] == 101
    assert again.sample(300, seed=2).digest() == whole.sample(300, seed=2).digest()
    other = small(kind, steps=5)
    other.fit(curve(), seed=2, checkpoints=tmp_path / "unfinished")
    alone = small(kind, steps=5)
    alone.fit(curve(), seed=2)
    assert other.sample(10, seed=0).digest() == alone.sample(10, seed=0).digest()


def test_a_checkpoint_cut_short_is_begun_anew(tmp_path: Path) -> None:
    from halflife.generators.networks.checkpoint import Checkpoint
    from halflife.generators.networks.noise import Noise

    (tmp_path / "a.npz").write_bytes(b"PK half of a file")
    assert Checkpoint(tmp_path / "a.npz", "job").read({}, {}, Noise(0, 0)) is None
    assert Checkpoint(tmp_path / "b.npz", "job").read({}, {}, Noise(0, 0)) is None


def test_where_a_gpu_is_too_small_batches_shrink_and_then_the_cpu_takes_over() -> None:
    import torch

    from halflife.generators.networks.memory import within_memory
    from halflife.generators.networks.row_network import RowNetwork

    tried: list[tuple[str, int]] = []
    network = small("vae").network

    def train(device: torch.device, batch: int) -> RowNetwork:
        from halflife.generators.layout import Layout
        from halflife.generators.networks.noise import Noise

        tried.append((device.type, batch))
        if device.type != "cpu" and batch > enough:
            raise torch.OutOfMemoryError
        return network(Layout((("x", "score"),), (0.0,)), Noise(0, 0))

    enough = 64  # "meta" stands for a device that is not the CPU
    assert within_memory(train, torch.device("meta"), 256)[1].endswith("batches of 64 rows")
    assert tried == [("meta", 256), ("meta", 128), ("meta", 64)]
    tried.clear()
    enough = 0
    assert within_memory(train, torch.device("meta"), 64)[1].endswith("trained on the CPU")
    assert tried == [("meta", 64), ("meta", 32), ("cpu", 64)]


def test_training_stops_when_held_out_rows_gain_nothing() -> None:
    random = np.random.default_rng(0)
    noise = Block(TABLE, random.normal(size=(60, 2)), np.full((60, 1), "a", dtype=object))
    model = small("vae", steps=20_000, rate=1e-2)
    told = told_by(model, noise)
    assert told[-1].step < 10_000
    assert told[-1].rows_per_second is not None
    assert told[-1].seconds_left is not None


def test_torch_is_left_as_it_was() -> None:
    import torch

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    model = small("diffusion", steps=3, threads=threads + 1)
    model.fit(curve(), seed=0)
    model.sample(10, seed=0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_settings_that_were_run_again_and_again_are_met_exactly() -> None:
    random = np.random.default_rng(0)
    table = Table(
        (
            Column(name="a", role=Role.SET_POINT),
            Column(name="b", role=Role.SET_POINT),
            Column(name="y"),
        )
    )
    settings = random.random((12, 2))
    settings = settings[random.integers(12, size=240)]
    rows = np.column_stack([settings, settings.sum(axis=1) + 0.1 * random.normal(size=240)])
    model = small("vae", table, steps=100)
    model.fit(Block(table, rows, np.empty((240, 0), dtype=object)), seed=0)
    made = model.sample(300, seed=0).numbers[:, :2]
    known = {tuple(one) for one in settings.tolist()}
    share = np.mean([tuple(one) in known for one in made.tolist()])
    # Calibrated on 512 rows of the network: all of the real rows are replicates, so nearly all.
    assert share > 0.98


def test_ten_thousand_levels_are_bounded_and_it_says_so() -> None:
    table = Table((Column(name="lot", kind=Kind.CATEGORY), Column(name="y")))
    texts = np.array([f"lot {i}" for i in range(10_000)], dtype=object)[:, None]
    model = small("vae", table, steps=3)
    model.fit(Block(table, np.arange(10_000.0)[:, None], texts), seed=0)
    assert "lot: the 9,873 rarest of 10,000 levels are learnt as one" in model.device_line
    assert len(set(model.sample(256, seed=0).text("lot"))) > 200


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
    for kind in KINDS:
        with pytest.raises(NeedsTorch, match=rf"'{kind}' .*pip install 'halflife\[neural\]'"):
            small(kind).fit(curve(), seed=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["steps", "hidden", "layers", "batch", "threads"])
def test_sizes_of_nothing_are_refused(kind: str, option: str) -> None:
    with pytest.raises(ValueError, match=option):
        small(kind, **{option: 0})
    with pytest.raises(ValueError, match="guidance"):
        small(kind, guidance=-1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_given_holds_exactly_and_laws_with_it(kind: str) -> None:
    model = small(kind, steps=20)
    model.fit(curve(), seed=0)
    for text in ("x = 0.25", "x = 0.25, who = plus", "0.2 <= x <= 0.3", "y > 1, -1 <= x <= 1"):
        where = Where.parse(text, TABLE)
        made = model.sample(260, seed=0, where=where)
        assert len(made) == 260
        assert where.met(made).all()
        assert made[:10].digest() == model.sample(10, seed=0, where=where).digest()
