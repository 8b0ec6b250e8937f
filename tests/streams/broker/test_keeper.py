from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import halflife.streams.broker

KEEPER = str(Path(halflife.streams.broker.__file__).with_name("keeper.py"))
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER

Start = Callable[..., subprocess.Popen[bytes]]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Ended; whether somebody collected its status is not ours."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def command(log: Path, code: str, *, size: int = 2**20, grace: float = 5) -> list[str]:
    return [
        sys.executable,
        "-I",
        KEEPER,
        str(log),
        str(size),
        str(grace),
        sys.executable,
        "-c",
        code,
    ]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts keepers, and leaves none."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(code: str, **options: float) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                command(tmp_path / "log", code, **options),  # type: ignore[arg-type]  # size is an int
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        return started[-1]

    yield begin
    for keeper in started:
        keeper.kill()
        keeper.communicate()


def child_of(keeper: subprocess.Popen[bytes]) -> int:
    assert keeper.stdout is not None
    return int(keeper.stdout.readline())


def test_the_end_of_the_input_ends_the_process(start: Start, tmp_path: Path) -> None:
    keeper = start(SLEEPER)
    child = child_of(keeper)
    until(lambda: (tmp_path / "log").read_text() == "up\n")
    keeper.communicate(timeout=20)
    assert keeper.returncode != 0
    assert gone(child)


def test_a_process_that_does_not_end_is_killed_after_the_grace(
    start: Start, tmp_path: Path
) -> None:
    keeper = start(STUBBORN, grace=0.2)
    child = child_of(keeper)
    until(lambda: (tmp_path / "log").read_text() == "up\n")
    keeper.communicate(timeout=20)
    assert gone(child)


def test_kill_ends_it_at_once_whatever_the_grace(start: Start, tmp_path: Path) -> None:
    keeper = start(STUBBORN, grace=600)
    child = child_of(keeper)
    until(lambda: (tmp_path / "log").read_text() == "up\n")
    keeper.communicate(b"kill\n", timeout=20)
    assert gone(child)


def test_the_status_is_that_of_the_process(start: Start) -> None:
    keeper = start("raise SystemExit(7)")
    keeper.wait(timeout=20)
    assert keeper.returncode == 7


def test_the_log_is_bounded_and_keeps_the_end(start: Start, tmp_path: Path) -> None:
    keeper = start("for i in range(20000): print(f'{i:09}')", size=50_000)  # 200,000 bytes
    keeper.wait(timeout=20)
    log, before = tmp_path / "log", tmp_path / "log.1"
    whole = before.read_text() + log.read_text()
    assert whole.splitlines()[-1] == "000019999"
    assert before.stat().st_size < 50_000 + 65_536  # one read over the limit at most
    assert len(whole) < 200_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]


def test_a_killed_parent_takes_the_process_along(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "keeper = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, *command(tmp_path / "log", SLEEPER)], stdout=subprocess.PIPE
    )
    child = child_of(parent)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    until(lambda: gone(child))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no parent death signal")
def test_a_killed_keeper_takes_the_process_along(start: Start) -> None:
    keeper = start(SLEEPER)
    child = child_of(keeper)
    keeper.kill()
    until(lambda: gone(child))
