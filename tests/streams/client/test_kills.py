"""What is left of records when their programs are killed, share a folder, or fork."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from halflife import Lab
from tests.harness.push_server import PushServer, accepts_and_cuts, says
from tests.harness.service import wait_until

from .conftest import Client
from .test_lab import numbers

ROOT = Path(__file__).parents[3]
SAFE_SECONDS = 1.0
"""A record is on the disk so long after its call returned, with a disk that others use too."""


def recorder(server: PushServer, first: int, count: int, pause: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.harness.recorder", server.url]
    return subprocess.Popen(
        [*command, str(first), str(count), str(pause)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        bufsize=0,
    )


def killed_after(process: subprocess.Popen[bytes], lines: int) -> tuple[int, int]:
    """The last number whose call had returned, and the last that had SAFE_SECONDS before."""
    assert process.stdout is not None
    said = b""
    while said.count(b"\n") < lines:
        said += os.read(process.stdout.fileno(), 1 << 16)
    process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    process.wait()
    said += process.stdout.read()
    process.stdout.close()
    told = [line.split() for line in said.decode().splitlines() if line.count(".") == 1]
    safe = [int(n) for n, at in told if float(at) < killed - SAFE_SECONDS]
    return int(told[-1][0]), max(safe, default=-1)


def test_killed_at_random_places_it_sends_in_the_end_what_was_safe(
    server: PushServer, client: Client
) -> None:
    """The service goes and comes meanwhile, and breaks off answers."""
    rng = random.Random(7)  # noqa: S311  # repeats the test
    safe: set[int] = set()
    first = 0
    for kill in range(6):
        if kill % 3 == 1:
            server.stop()
        server.next.extend([says(503), accepts_and_cuts] if kill % 2 else [])
        process = recorder(server, first, 100_000, 0.001)
        last, last_safe = killed_after(process, rng.randrange(900, 1800))
        safe |= set(range(first, last_safe + 1))
        first = last + 1
        if kill % 3 == 1:
            server.start()
    assert len(safe) > 500
    lab = client(url=server.url)
    wait_until(lambda: lab.status.spool and not lab.status.waiting, 30, lambda: str(lab.status))
    came = numbers(server)
    assert safe <= set(came)
    assert came == sorted(came), "in order"
    assert len(came) == len(set(came)), "none under two identities"


def test_two_programs_share_a_folder(server: PushServer, client: Client, tmp_path: Path) -> None:
    server.stop()
    both = [recorder(server, first, 100_000, 0.001) for first in (0, 1_000_000)]
    done = [killed_after(process, 1500) for process in both]
    assert len(list((tmp_path / "spool").glob("*.sqlite"))) == 2
    server.start()
    lab = client(url=server.url)
    safe = {*range(done[0][1] + 1), *range(1_000_000, done[1][1] + 1)}
    assert len(safe) > 500
    wait_until(lambda: safe <= set(numbers(server)), 30, lambda: str(lab.status))
    for part in (range(1_000_000), range(1_000_000, 2_000_000)):
        came = [n for n in numbers(server) if n in part]
        assert came == sorted(came)
    assert not server.doubled()


def test_what_a_program_had_refused_is_taken_over(server: PushServer, client: Client) -> None:
    one, two = client(), client()
    wait_until(lambda: one.status.spool and two.status.spool, 10, lambda: str(two.status))
    two.record("opv", n=float("inf"))
    one.record("opv", n=float("-inf"))
    assert one.flush(10)
    assert two.flush(10)
    assert one.status.spool != two.status.spool
    assert one.close()
    assert two.close()
    three = client()
    wait_until(lambda: len(three.refused()) == 2, 10, lambda: str(three.refused()))


def in_child(work: Callable[[], None]) -> None:
    """Runs something in the child of a fork, which ends as programs do."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=work)
    process.start()
    process.join(30)
    assert process.exitcode == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_has_a_spool_of_its_own(server: PushServer, client: Client) -> None:
    lab = client()
    for n in range(100):
        lab.record("opv", n=n)

    def work() -> None:
        for n in range(1000, 1100):
            lab.record("opv", n=n)
        assert lab.status.recorded == 100

    in_child(work)
    for n in range(100, 200):
        lab.record("opv", n=n)
    assert lab.flush(10, sent=True)
    other = client()
    wait_until(lambda: len(server.ids()) == 300, 20, lambda: f"{lab.status} {other.status}")
    came = numbers(server)
    assert sorted(came) == [*range(200), *range(1000, 1100)]
    assert [n for n in came if n < 1000] == list(range(200))
    assert [n for n in came if n >= 1000] == list(range(1000, 1100))
    assert not server.doubled()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_records_nothing_leaves_the_spool_of_its_parent_alone(
    server: PushServer, client: Client
) -> None:
    server.stop()
    lab = client()
    for n in range(100):
        lab.record("opv", n=n)
    assert lab.flush(10)
    for _ in range(3):
        child = os.fork()
        if child == 0:
            del lab
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    code = "import os, sys; sys.exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    for n in range(100, 200):
        lab.record("opv", n=n)
    assert lab.flush(10)
    server.start()
    assert lab.flush(10, sent=True)
    assert numbers(server) == list(range(200))


FORKING = """
import os, sys
from halflife import Lab
lab = Lab(sys.argv[1], longest_wait=0.1)
for n in range(50):
    lab.record("opv", n=n)
lab.flush(10)
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    for n in range(50, 100):
        lab.record("opv", n=n)
# both end as programs do: what the child has of its parent is taken apart with everything else
"""


def test_parent_and_child_end_as_programs_do(server: PushServer, client: Client) -> None:
    server.stop()
    command = [sys.executable, "-W", "ignore", "-c", FORKING, server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert all(line.startswith("records wait here: ") for line in done.stderr.splitlines())
    server.start()
    lab = client()
    wait_until(lambda: len(server.ids()) == 100, 20, lambda: str(lab.status))
    assert numbers(server) == list(range(100))
    assert not server.doubled()


def test_a_program_that_just_ends_has_its_records_on_the_disk(
    server: PushServer, client: Client
) -> None:
    server.stop()
    code = f"from halflife import Lab\nlab = Lab({server.url!r})\n" + (
        "for n in range(2000): lab.record('opv', n=n)\nraise SystemExit(3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3, done.stderr
    server.start()
    lab = client()
    wait_until(lambda: len(server.ids()) == 2000, 20, lambda: str(lab.status))
    assert numbers(server) == list(range(2000))


def test_clients_in_one_process_have_a_file_each(server: PushServer, client: Client) -> None:
    """Locks of one process do not keep its own threads apart: SQLite must, and does."""
    server.stop()
    labs: list[Lab] = [client() for _ in range(4)]
    wait_until(
        lambda: all(lab.status.spool for lab in labs), 10, lambda: str([x.status for x in labs])
    )
    files = {lab.status.spool for lab in labs}
    assert len(files) == 4
    with recorder(server, 4000, 10, 0.0) as other:  # it must not get at one of those
        assert other.wait(30) == 0
    for k, lab in enumerate(labs):
        for n in range(100):
            lab.record("opv", n=1000 * k + n)
        assert lab.flush(10)
    server.start()
    expected = sorted([1000 * k + n for k in range(4) for n in range(100)] + [*range(4000, 4010)])
    lab = client()  # sends what the other process has left
    wait_until(lambda: len(server.ids()) >= len(expected), 30, lambda: str(lab.status))
    assert sorted(numbers(server)) == expected
    assert not server.doubled()
