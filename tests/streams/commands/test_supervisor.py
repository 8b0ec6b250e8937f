"""Children that are started, started again, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from halflife.streams.commands.supervisor import Death, Supervisor

ENVIRONMENT = dict(os.environ)
SLEEPER = [sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(300)"]
DYING = [sys.executable, "-S", "-c", "print('no luck'); raise SystemExit(3)"]
STUBBORN = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\ntime.sleep(300)",
]
PARENT = [
    sys.executable,
    "-S",
    "-c",
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(300)'])\n"
    "print(child.pid, flush=True)\ntime.sleep(300)",
]


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def deaths_of(workers: Supervisor) -> list[Death]:
    found: list[Death] = []
    wait_for(lambda: bool(found.extend(workers.poll()) or found))
    return found


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_starts_each_with_its_log_and_stops_all(tmp_path: Path) -> None:
    with Supervisor({"one": SLEEPER, "two": SLEEPER}, ENVIRONMENT, tmp_path / "logs") as workers:
        pids = workers.pids
        assert set(pids) == {"one", "two"}
        wait_for(lambda: workers.last_words("one") == workers.last_words("two") == "up")
        assert workers.poll() == []
    assert all(gone(pid) for pid in pids.values())
    assert workers.pids == {}


def test_a_death_is_told_and_the_wait_doubles_up_to_thirty_seconds(tmp_path: Path) -> None:
    clock = Clock()
    with Supervisor({"worker": DYING}, ENVIRONMENT, tmp_path, clock=clock) as workers:
        waits = []
        for _ in range(7):
            deaths = deaths_of(workers)
            assert deaths[0].status == 3
            waits.append(deaths[0].wait)
            clock.now += waits[-1] - 0.001
            assert workers.poll() == []
            assert workers.pids == {}  # not yet
            clock.now += 0.002
            assert workers.poll() == []  # started again
        assert waits == [1, 2, 4, 8, 16, 30, 30]
        assert "status 3" in deaths[0].text
        assert "no luck" in workers.last_words("worker")


def test_a_minute_of_life_makes_earlier_deaths_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    with Supervisor({"worker": SLEEPER}, ENVIRONMENT, tmp_path, clock=clock) as workers:
        deaths = []
        for life in (0.0, 0.0, 60.0):
            clock.now += life
            os.kill(workers.pids["worker"], signal.SIGKILL)
            found = deaths_of(workers)
            deaths += found
            clock.now = clock.now + found[0].wait
            workers.poll()
        assert [death.deaths for death in deaths] == [1, 2, 1]
        assert "SIGKILL" in deaths[0].text


def test_one_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    workers = Supervisor({"worker": STUBBORN}, ENVIRONMENT, tmp_path, grace=0.2)
    workers.start()
    wait_for(lambda: workers.last_words("worker") == "up")
    pid = workers.pids["worker"]
    workers.stop()
    assert gone(pid)


def test_children_of_a_killed_child_end_with_it(tmp_path: Path) -> None:
    with Supervisor({"worker": PARENT}, ENVIRONMENT, tmp_path) as workers:
        wait_for(lambda: workers.last_words("worker").isdigit())
        grandchild = int(workers.last_words("worker"))
        os.kill(workers.pids["worker"], signal.SIGKILL)
        wait_for(lambda: bool(workers.poll()))
        wait_for(lambda: gone(grandchild))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_supervisor_is_killed(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = (
        "import os, pathlib, sys, time\n"
        "from halflife.streams.commands.supervisor import Supervisor\n"
        f"workers = Supervisor({{'a': {PARENT!r}, 'b': {STUBBORN!r}}}, dict(os.environ),"
        f" pathlib.Path({str(tmp_path)!r}), grace=0.5)\n"
        "workers.start()\n"
        "print(*workers.pids.values(), flush=True)\n"
        "time.sleep(300)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    log = tmp_path / "a.log"
    wait_for(lambda: log.exists() and log.read_text().strip().isdigit())
    wait_for(lambda: (tmp_path / "b.log").read_text() == "up\n")
    pids.append(int(log.read_text()))
    owner.send_signal(number)
    owner.communicate()
    wait_for(lambda: all(gone(pid) for pid in pids))


def test_a_program_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    workers = Supervisor({"a": SLEEPER, "b": ["/no/such/program"]}, ENVIRONMENT, tmp_path)
    with pytest.raises(FileNotFoundError, match="no/such"):
        workers.start()
    assert workers.pids == {}
