"""Children that train, are killed, take too long, or lose their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.spare_child import SpareChild
from halflife.streams.generator.training_child import ChildDiedError, TrainingChild
from halflife.streams.generator.training_job import TrainingJob
from halflife.streams.generator.training_step import TrainingStep
from halflife.streams.watch.rows import Rows

PARENT = """
import time
from halflife.streams.generator.training_child import TrainingChild
if __name__ == "__main__":
    print(TrainingChild().pid, flush=True)
    time.sleep(300)
"""


@pytest.fixture
def job(
    plan: StreamPlan, ask: Callable[..., RegenerationRequest], rows: Rows, tmp_path: Path
) -> TrainingJob:
    return TrainingJob(plan, ask(), rows, None, tmp_path / "models")


def ignore(step: TrainingStep) -> None:
    """Nobody listens."""


async def test_a_job_comes_back_as_a_challenger_and_the_loop_goes_on(job: TrainingJob) -> None:
    told: list[str] = []
    turns = 0
    with TrainingChild() as child:
        training = asyncio.create_task(
            child.train(job, tell=lambda step: told.append(step.phase), seconds=60)
        )
        while not training.done():
            await asyncio.sleep(0.01)
            turns += 1
        challenger = training.result()
    assert len(challenger.batch) == job.plan.rows
    assert list(dict.fromkeys(told)) == ["training", "sampling", "judging"]
    assert turns > 10


async def test_a_killed_child_is_told_by_its_signal(job: TrainingJob) -> None:
    with TrainingChild() as child:
        training = asyncio.create_task(child.train(job, tell=ignore, seconds=60))
        await asyncio.sleep(0)
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ChildDiedError, match=r"killed by SIGKILL \(out of memory\?\)"):
            await training


async def test_a_training_that_takes_too_long_is_ended(job: TrainingJob) -> None:
    with TrainingChild() as child:
        pid = child.pid
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(RegenerationError, match=r"took longer than 0.2 s \(time_limit"):
            await child.train(job, tell=ignore, seconds=0.2)
    assert not psutil.pid_exists(pid)


async def test_an_error_of_the_training_is_told_and_is_no_crash(job: TrainingJob) -> None:
    blocked = replace(job, models=Path("/proc/models"))  # no folder can be made there
    with TrainingChild() as child, pytest.raises(RegenerationError, match="FileNotFoundError"):
        await child.train(blocked, tell=ignore, seconds=60)


async def test_a_cancelled_training_leaves_no_child(job: TrainingJob) -> None:
    with TrainingChild() as child:
        pid = child.pid
        training = asyncio.create_task(child.train(job, tell=ignore, seconds=60))
        await asyncio.sleep(0)
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
    assert not psutil.pid_exists(pid)


def test_a_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)


def test_a_spare_child_is_there_once_and_replaced_when_it_died() -> None:
    spare = SpareChild()
    spare.prepare()
    spare.prepare()
    with spare.take() as first, spare.take() as second:
        assert first.alive
        assert second.alive
        assert first.pid != second.pid
    spare.prepare()
    os.kill((dying := spare.take()).pid, signal.SIGKILL)
    dying.close()
    spare.prepare()
    spare.close()
    spare.close()
