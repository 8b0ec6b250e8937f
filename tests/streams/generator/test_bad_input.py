"""Windows that no generator likes: each leads to a batch or to a text that a chemist can act on."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from halflife.schemas.lab import Lab
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.streams.generator.challenger import Challenger
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.training import train
from halflife.streams.generator.training_child import ChildDiedError, TrainingChild
from halflife.streams.generator.training_job import TrainingJob
from halflife.streams.generator.training_step import TrainingStep
from halflife.streams.watch.rows import Rows

Ask = Callable[..., RegenerationRequest]
LAB = "[stream.opv]\nrows = 100\n{keys}\n[stream.opv.column]\n{columns}\n{laws}"


def trained(
    ask: Ask,
    folder: Path,
    rows: list[dict[str, Any]],
    columns: str,
    *,
    keys: str = "",
    laws: str = "",
) -> Challenger:
    """What a training of these rows leads to."""
    keys = keys or 'generator = "trees"'
    plan = Lab.parse(LAB.format(keys=keys, columns=columns, laws=laws)).streams["opv"]
    block = Block.from_rows(plan.table, rows)
    count = len(rows)
    window = Rows(block, np.arange(count), np.arange(count) * 1.0, [f"r{i}" for i in range(count)])
    return train(TrainingJob(plan, ask(), window, None, folder), lambda step: None)


XY = 'x = { role = "set-point" }\ny = { role = "measured" }'


def line(rows: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    x = random.random(rows)
    y = x + 0.1 * random.standard_normal(rows)
    return [{"x": a, "y": b} for a, b in zip(x.tolist(), y.tolist(), strict=True)]


@pytest.fixture
def job(plan: StreamPlan, ask: Ask, rows: Rows, tmp_path: Path) -> TrainingJob:
    return TrainingJob(plan, ask(), rows, None, tmp_path / "models")


@pytest.mark.parametrize("count", [1, 2, 12])
def test_too_few_rows(ask: Ask, tmp_path: Path, count: int) -> None:
    with pytest.raises((RegenerationError, ValueError), match=r"nothing to train on|at least 20"):
        trained(ask, tmp_path, line(count), XY)


def test_one_column(ask: Ask, tmp_path: Path) -> None:
    rows = [{"y": row["y"]} for row in line(120)]
    made = trained(ask, tmp_path, rows, 'y = { role = "measured" }')
    assert made.promoted, made.reason


def test_all_missing(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(RegenerationError, match="120 records of the window have no value in any"):
        trained(ask, tmp_path, [{} for _ in range(120)], XY)


def test_all_constant(ask: Ask, tmp_path: Path) -> None:
    keys = 'generator = "trees"\ntarget = "y"'
    made = trained(ask, tmp_path, [{"x": 1.5, "y": 2.5}] * 120, XY, keys=keys)
    assert np.unique(made.batch.numbers, axis=0).tolist() == [[1.5, 2.5]]


def test_ten_thousand_categories(ask: Ask, tmp_path: Path) -> None:
    rows = [{"who": f"sample {i}", **row} for i, row in enumerate(line(10_000))]
    began = time.process_time()
    made = trained(ask, tmp_path, rows, XY + '\nwho = { role = "context", kind = "category" }')
    assert len(set(made.batch.text("who"))) > 90
    assert time.process_time() - began < 30


def test_an_infinite_number(ask: Ask, tmp_path: Path) -> None:
    rows = line(120)
    for row in rows[:40]:
        row["y"] = float("inf")
    with pytest.raises(ValueError, match="column 'y' holds an infinite number"):
        trained(ask, tmp_path, rows, XY)


def test_a_target_that_is_a_copy(ask: Ask, tmp_path: Path) -> None:
    rows = [{"x": row["x"], "y": row["x"]} for row in line(120)]
    made = trained(ask, tmp_path, rows, XY, keys='generator = "trees"\ntarget = "y"')
    assert "the target 'y' is a copy of 'x'" in made.reason
    assert np.corrcoef(made.batch.numbers.T)[0, 1] > 0.99


@pytest.mark.parametrize(
    "law", ['sum = ["x", "y"]\nequals = 50', 'equation = "y = 100 * x + 7"\ntolerance = 0.1']
)
def test_a_law_that_no_row_fulfils(ask: Ask, tmp_path: Path, law: str) -> None:
    made = trained(ask, tmp_path, line(120), XY, laws=f"[[stream.opv.law]]\n{law}")
    assert "120 of 120 real rows break the law" in made.reason
    assert np.isfinite(made.batch.numbers).all()


def test_a_smaller_model_stands_in_and_says_so(job: TrainingJob) -> None:
    plan = job.plan.model_copy(update={"generator": "diffusion"})
    why = "'diffusion', since the training was killed by SIGKILL (out of memory?)"
    made = train(replace(job, plan=plan, in_place_of=why), lambda step: None)
    assert made.generator == "trees"
    assert made.reason.endswith(f"; 'trees' was trained in place of {why}")


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of another process")
async def test_a_child_without_memory_is_told(job: TrainingJob) -> None:
    many = job.plan.model_copy(update={"rows": 500_000})
    with TrainingChild() as child:

        def limit(step: TrainingStep) -> None:
            """Once it makes rows it gets little more memory: there is no place for them."""
            if step.phase == "sampling":
                most = psutil.Process(child.pid).memory_info().data + (32 << 20)
                resource.prlimit(child.pid, resource.RLIMIT_DATA, (most, most))

        with pytest.raises(ChildDiedError, match="the training ran out of memory") as died:
            await child.train(replace(job, plan=many), tell=limit, seconds=60)
    assert died.value.memory
    assert child.cpu_seconds > 0.2
