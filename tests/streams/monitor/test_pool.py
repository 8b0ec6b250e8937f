"""Heavy work runs beside the event loop, and a process that is killed is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from halflife.streams.monitor.pool import ATTEMPTS, Pool
from halflife.streams.watch.work import Work


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(1, prepare=int)
    pool.start()
    yield pool
    pool.stop()


def die_once(folder: str) -> int:
    """Killed the first time; then the id of its process."""
    mark = Path(folder) / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def test_work_of_a_killed_process_is_done_again(pool: Pool, tmp_path: Path) -> None:
    pid = await pool.run(Work(die_once, (str(tmp_path),)))
    assert pid not in {0, os.getpid()}
    assert await pool.run(Work(os.getpid, ())) == pid


async def test_work_that_kills_each_process_is_given_up(pool: Pool) -> None:
    with pytest.raises(BrokenProcessPool, match=f"die was killed {ATTEMPTS} times"):
        await pool.run(Work(die, ()))


async def test_errors_of_the_work_itself_are_raised(pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        await pool.run(Work(divmod, (1, 0)))


PARENT = """
import asyncio, os, time
from halflife.streams.monitor.pool import Pool
from halflife.streams.watch.work import Work
if __name__ == "__main__":
    pool = Pool(1, prepare=int)
    pool.start()
    print(asyncio.run(pool.run(Work(os.getpid, ()))), flush=True)
    time.sleep(60)
"""


def test_processes_end_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the process outlived its worker"
        time.sleep(0.05)
