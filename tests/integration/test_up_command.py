"""``halflife up``: the whole service, which ends with all that it started."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from .terminal import Case, Terminal, wait_for


@pytest.fixture
def service(
    tmp_path: Path, kafka_is_here: None
) -> Iterator[tuple[Terminal, subprocess.Popen[str]]]:
    """``halflife up`` in a folder of its own, with its own Kafka."""
    terminal = Terminal(tmp_path, {})
    process = terminal.start("up")
    try:
        yield terminal, process
    finally:
        process.kill()
        process.communicate()


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(child: psutil.Process) -> bool:
    """Ended; one whose parent ended first may wait for a reaper that the container has not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return child.status() == psutil.STATUS_ZOMBIE
    return True


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"it ended and did not say {words!r}: {said}")


@pytest.mark.slow
def test_the_whole_service_by_hand(
    service: tuple[Terminal, subprocess.Popen[str]],
) -> None:
    terminal, process = service
    said = read_until(process, "Ctrl-C ends it all")
    assert "live page" in said
    terminal.write_rows("runs", 300, seed=0)
    terminal.say("replay", "runs.csv", "--stream", "gas", "--lab", "lab.toml", "--rate", "0")
    terminal.say("replay", "runs.csv", "--stream", "gas", "--rate", "0", "--run", "again")
    # The column 'run' is not declared: all of the second replay is dead letters.
    wait_for(lambda: len(terminal.ask("dlq", "list", "--limit", "400")) == 300)
    batch = wait_for(lambda: terminal.ask("batches", "gas"))[0]
    assert batch["rows"] == 100
    assert batch["in_circulation"]
    answer = terminal.start("regenerate", "gas", "--reason", "for the test", "--timeout", "90")
    terminal.write_rows("more", 100, seed=1)
    terminal.say("replay", "more.csv", "--stream", "gas", "--lab", "lab.toml", "--rate", "0")
    verdict, _ = answer.communicate(timeout=120)
    assert answer.returncode == 0, verdict
    assert verdict.startswith(("promoted: ", "rejected: ", "undecided: "))
    status = terminal.ask("status")
    assert [stream["stream"] for stream in status["streams"]] == ["gas"]
    assert status["dead_letters"]["reasons"] == {"unknown-column": 300}
    children = family(process)
    assert len(children) >= 4  # Kafka with its keeper, two workers
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert all(gone(child) for child in children)


@pytest.mark.slow
def test_a_killed_worker_starts_again_and_a_killed_service_leaves_nothing(
    service: tuple[Terminal, subprocess.Popen[str]],
) -> None:
    _, process = service
    read_until(process, "Ctrl-C ends it all")

    def workers(kind: str) -> list[psutil.Process]:
        return [child for child in family(process) if kind in child.cmdline()]

    victim = wait_for(lambda: workers("monitor"))[0]
    victim.kill()
    assert "the monitor worker was ended by SIGKILL" in read_until(process, "SIGKILL")
    again = wait_for(lambda: [one for one in workers("monitor") if one.pid != victim.pid])
    assert again
    children = family(process)
    process.kill()
    wait_for(lambda: all(gone(child) for child in children))


@pytest.mark.slow
def test_up_uses_the_kafka_that_is_named(case: Case) -> None:
    process = case.start("up", "--data", "elsewhere")
    try:
        assert f"Kafka       {case.settings.broker}\n" in read_until(process, "Ctrl-C ends it all")
        assert not [child for child in family(process) if "java" in child.name()]
        wait_for((case.folder / "elsewhere" / "logs" / "monitor worker.log").exists)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert said.endswith("stopped\n")
    finally:
        process.kill()
        process.communicate()
