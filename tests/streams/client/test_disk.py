"""Disks that are full, slow, broken or not there."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from halflife.streams.client.line import Line
from halflife.streams.client.seldom import Seldom
from halflife.streams.client.spool_folder import SpoolFolder
from halflife.streams.client.store import Store
from tests.harness.push_server import PushServer
from tests.harness.service import wait_until

from .conftest import Client
from .test_lab import numbers

ROOT = Path(__file__).parents[3]

FULL = """
import json, resource, sys
from tests.harness.push_server import PushServer
from halflife import Lab
server = PushServer()
server.stop()
# No file may grow over this: a disk that is full, for this process alone.
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
lab = Lab(server.url, longest_wait=0.05)
for n in range(3000):
    lab.record("opv", n=n)
print(json.dumps({"safe": lab.flush(2), "waiting": lab.status.waiting,
                  "trouble": lab.status.trouble, "lost": lab.status.lost}))
if sys.argv[1] == "room again":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps({"safe": lab.flush(20), "trouble": lab.status.trouble}))
server.start()
sent = lab.flush(30, sent=True)
numbers = list({r["record_id"]: r["values"]["n"] for r in server.records}.values())
print(json.dumps({"sent": sent, "trouble": lab.status.trouble,
                  "right": numbers == list(range(3000)), "doubled": len(server.doubled())}))
"""


OVERWRITE = """
import pathlib, sys
for name in (sys.argv[1], sys.argv[1] + "-wal"):
    path = pathlib.Path(name)
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\\xff" * (path.stat().st_size - 8192))
"""


@pytest.mark.parametrize("then", ["room again", "sent from memory"])
def test_a_disk_that_is_full_stops_nothing(then: str) -> None:
    import json

    done = subprocess.run(
        [sys.executable, "-c", FULL, then],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    full, *again, end = map(json.loads, done.stdout.splitlines())
    assert full["safe"] is False
    assert full["waiting"] == 3000
    assert full["lost"] == 0
    assert "spool" in full["trouble"]
    for room in again:
        assert room["safe"]
        assert "spool" not in room["trouble"]
    assert end["sent"]
    assert end["right"], "all, in order"
    assert end["doubled"] == 0


def test_a_spool_that_is_no_database_is_moved_aside(
    server: PushServer, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = client()
    wait_until(lambda: first.status.spool, 10, lambda: str(first.status))
    path = Path(first.status.spool)
    assert first.close()
    path.write_bytes(b"no database at all, " * 1000)
    with caplog.at_level(logging.ERROR):
        lab = client()
        lab.record("opv", n=1)
        assert lab.flush(10, sent=True)
    (aside,) = (tmp_path / "spool").glob("*.corrupt-*")
    assert aside.read_bytes().startswith(b"no database at all, ")
    assert "moved aside" in caplog.text
    assert str(aside) in caplog.text
    assert Path(lab.status.spool) == path


def test_a_spool_that_breaks_while_it_is_used_is_moved_aside(
    server: PushServer, client: Client, tmp_path: Path
) -> None:
    """More than SQLite keeps in memory is overwritten; what is recorded afterwards arrives."""
    server.stop()
    lab = client()
    for n in range(3000):
        lab.record("opv", {"n": n, "text": "x" * 3000})
    assert lab.flush(20)
    # By a process of its own: to open and close the file here would give up its lock.
    subprocess.run([sys.executable, "-c", OVERWRITE, lab.status.spool], check=True)
    server.start()
    wait_until(lambda: list((tmp_path / "spool").glob("*.corrupt-*")), 10, lambda: str(lab.status))
    for n in range(5000, 5100):
        lab.record("opv", n=n)
    assert lab.flush(10, sent=True), lab.status
    came = numbers(server)
    assert [n for n in came if n >= 5000] == list(range(5000, 5100))
    assert lab.status.lost == 3100 - len(came)
    assert lab.status.lost > 0, "what was in it is counted"
    assert lab.status.trouble == ""


def test_a_folder_that_cannot_be_made_stops_nothing(
    server: PushServer, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("")
    lab = client(spool=tmp_path / "a file" / "spool")
    for n in range(100):
        lab.record("opv", n=n)
    assert lab.flush(10, sent=True)
    assert numbers(server) == list(range(100))
    assert "spool" in lab.status.trouble
    assert lab.status.spool == ""


def test_a_full_spool_keeps_what_it_has_and_counts_what_it_cannot_keep(
    server: PushServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    lab = client(spool_bytes=20_000)
    with caplog.at_level(logging.ERROR):
        for n in range(1000):
            lab.record("opv", n=n)
        assert lab.flush(10)
    status = lab.status
    assert status.lost > 0
    assert status.waiting + status.lost == 1000
    assert "its limit" in caplog.text
    server.start()
    assert lab.flush(10, sent=True)
    assert numbers(server) == list(range(status.waiting)), "the oldest"
    lab.record("opv", n=7777)
    assert lab.flush(10, sent=True)
    assert numbers(server)[-1] == 7777, "there is room again"


def test_a_disk_that_hangs_holds_up_nobody(server: PushServer, client: Client) -> None:
    lab = client(memory_bytes=20_000)
    lab.record("opv", n=0)
    assert lab.flush(10)
    longest = 0.0
    with lab.runner_now().store.lock:  # as the writer has it while the disk does not answer
        for n in range(1, 1000):
            began = time.perf_counter()
            lab.record("opv", n=n)
            longest = max(longest, time.perf_counter() - began)
        status = lab.status
        assert not lab.flush(0.05)
    assert longest < 0.5, "it did not wait for the disk, which never answered"
    assert status.lost > 0
    assert status.waiting + status.lost + status.sent == 1000
    assert lab.flush(10, sent=True)
    assert numbers(server) == list(range(1000 - lab.status.lost))


def test_a_spool_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    folder = SpoolFolder(tmp_path, "http://127.0.0.1:1", "pi")
    file = folder.open()
    file._base.execute("PRAGMA user_version = 2")
    file.close()
    before = file.path.read_bytes()
    other = folder.open()
    assert other.path != file.path
    other.close()
    assert list(folder.left_behind()) == []
    assert file.path.read_bytes() == before


def test_an_answer_for_a_file_that_was_moved_aside_settles_nothing_of_the_new_one(
    tmp_path: Path,
) -> None:
    folder = SpoolFolder(tmp_path, "http://127.0.0.1:1", "pi")
    log = Seldom(logging.getLogger("test"))
    store = Store(folder, most_bytes=1 << 20, most_memory=1 << 20, log=log)
    store.open()
    store.add([Line(b"%d" % n) for n in range(10)])
    batch = store.first(10, 1 << 20)
    os.truncate(store.path, 0)
    store._file._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]  # open
    store._failed(_corrupt())
    store.add([Line(b"new %d" % n) for n in range(3)])
    store.settle(batch, [])
    assert store.first(10, 1 << 20).lines == [b"new 0", b"new 1", b"new 2"]
    store.close()


def _corrupt() -> Exception:
    import sqlite3

    try:
        base = sqlite3.connect(":memory:")
        base.deserialize(b"this is no database at all" * 100)
        base.execute("SELECT * FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        return error
    finally:
        base.close()
    raise AssertionError
