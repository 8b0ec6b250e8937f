"""Which file is which: rotation, copies, editors, deletion, links, folders that go away."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from halflife.streams.connectors.errors import SourceAway, SourceRefused
from halflife.streams.connectors.files.roll import KEEP_SECONDS, Roll

from .files_bench import FilesBench


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "runs.csv"
    path.parent.mkdir()
    path.write_bytes(b"t,y\n1,a\n2,b\n")
    return path


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def told(bench: FilesBench) -> list[str]:
    return [row["t"] for row in bench.values]


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize("pattern", ["runs.csv", "runs.csv*", ""])
def test_rotation_by_renaming(runs: Path, pattern: str, restart: bool) -> None:
    bench = FilesBench(runs.parent / pattern).look()
    append(runs, b"3,c\n")
    runs.rename(runs.with_name("runs.csv.1"))
    runs.write_bytes(b"t,y\n9,z\n")
    if restart:
        bench.restart()
    bench.look()
    append(runs.with_name("runs.csv.1"), b"4,late\n")
    bench.look()
    runs.with_name("runs.csv.1").rename(runs.with_name("runs.csv.2"))
    runs.rename(runs.with_name("runs.csv.1"))
    runs.write_bytes(b"t,y\n9,z\n")
    bench.look()
    bench.look()
    assert told(bench) == ["1", "2", "3", "9", "4", "9"]
    assert len({arrival.record_id for arrival in bench.arrivals}) == 6
    assert not bench.gaps
    assert not bench.refusals


def test_copy_and_truncate_goes_on_in_the_copy(runs: Path) -> None:
    bench = FilesBench(runs.parent / "runs*").look()
    append(runs, b"3,c\n")
    copy = runs.with_name("runs-old.csv")
    shutil.copy(runs, copy)
    os.truncate(runs, 0)
    bench.look()
    append(runs, b"t,y\n7,x\n8,y\n9,z\n")
    bench.look()
    bench.look()
    assert sorted(told(bench)) == ["1", "2", "3", "7", "8", "9"]
    assert len({arrival.record_id for arrival in bench.arrivals}) == 6
    assert not bench.gaps


def test_cut_off_without_a_copy_is_a_gap(runs: Path) -> None:
    bench = FilesBench(runs).look()
    os.truncate(runs, 0)
    append(runs, b"t,y\n7,x\n8,y\n9,z\n")
    bench.look().look()
    assert told(bench) == ["1", "2", "7", "8", "9"]
    (gap,) = bench.gaps
    assert gap.text.startswith("runs.csv is shorter than the 12 bytes that had been read of it")
    assert len({arrival.record_id for arrival in bench.arrivals}) == 5


def test_a_copy_of_a_file_that_is_read_is_left_out_and_told(runs: Path) -> None:
    rows = [str(i) for i in range(300)]
    runs.write_bytes(b"t,y\n" + "".join(f"{t},a\n" for t in rows).encode())
    bench = FilesBench(runs.parent).look()
    shutil.copy(runs, runs.with_name("copy.csv"))
    append(runs, b"300,c\n")
    bench.look()
    bench.restart()
    bench.look()
    assert told(bench) == [*rows, "300"]
    assert bench.reasons == [("copy.csv", "copy")]
    append(runs.with_name("copy.csv"), b"300,another\n")
    bench.look()
    assert told(bench)[301:] == [*rows, "300"], "it is a file of its own"


def test_files_that_begin_alike_are_told_apart(runs: Path) -> None:
    bench = FilesBench(runs.parent).look()
    other = runs.with_name("other.csv")
    other.write_bytes(b"t,y\n1,a\n")
    bench.look()
    append(other, b"2,q\n")
    bench.look()
    assert told(bench) == ["1", "2", "1", "2"]
    assert len({arrival.record_id for arrival in bench.arrivals}) == 4


def test_an_editor_that_replaces_the_file_goes_on(runs: Path) -> None:
    bench = FilesBench(runs).look()
    new = runs.with_name("new")
    new.write_bytes(runs.read_bytes() + b"3,c\n")
    runs.rename(runs.with_name("runs.csv~"))
    new.rename(runs)
    bench.look()
    append(runs, b"4,d\n")
    bench.look()
    assert told(bench) == ["1", "2", "3", "4"]
    assert len({arrival.record_id.split(":")[2] for arrival in bench.arrivals}) == 1


def test_a_file_whose_read_part_was_changed_is_told_once(runs: Path) -> None:
    bench = FilesBench(runs, settle="0.05 s").look()
    runs.write_bytes(b"t,y\n1,a\n2,CHANGED\n3,c\n")
    bench.look()
    time.sleep(0.06)  # the time of settle
    bench.look()
    append(runs, b"4,d\n")
    bench.look()
    time.sleep(0.06)
    bench.look()
    bench.restart()
    bench.look()
    assert told(bench) == ["1", "2"]
    assert bench.reasons == [("runs.csv, line 4", "file-changed")]
    runs.write_bytes(b"t,y\n1,a\n2,b\n3,c\n")
    bench.look()
    assert told(bench) == ["1", "2", "3"]


def test_a_script_that_writes_the_whole_table_anew_each_time(runs: Path) -> None:
    bench = FilesBench(runs).look()
    with runs.open("wb") as file:
        bench.look()
        file.write(b"t,y\n1,a\n")
        file.flush()
        bench.look()
        file.write(b"2,b\n3,c\n")
    bench.look()
    assert told(bench) == ["1", "2", "3"]
    assert not bench.gaps


def test_a_deleted_file_and_a_new_one_at_its_place(runs: Path) -> None:
    bench = FilesBench(runs).look()
    runs.unlink()
    bench.look()
    runs.write_bytes(b"t,y\n5,a\n")
    bench.look()
    assert told(bench) == ["1", "2", "5"]
    assert not bench.gaps


def test_a_folder_that_comes_back_is_gone_on_with(runs: Path) -> None:
    bench = FilesBench(runs.parent).look()
    away = runs.parent.with_name("away")
    runs.parent.rename(away)
    with pytest.raises(SourceAway, match="there is none"):
        bench.look()
    runs.parent.mkdir()
    bench.look()  # as an empty mount point
    runs.parent.rmdir()
    shutil.copytree(away, runs.parent)  # as if mounted anew: other inodes
    append(runs, b"3,c\n")
    bench.restart()
    bench.look()
    assert told(bench) == ["1", "2", "3"]


def test_files_that_are_gone_are_forgotten_after_a_week(runs: Path) -> None:
    bench = FilesBench(runs.parent).look()
    runs.unlink()
    bench.look()
    (mark,) = Roll(bench.position).marks
    assert 0 <= time.time() - mark.gone < 60
    roll = Roll(bench.position)
    roll.settle([], roll.marks, mark.gone + KEEP_SECONDS - 1)
    assert len(roll.marks) == 1
    roll.settle([], roll.marks, mark.gone + KEEP_SECONDS)
    assert not roll.marks
    assert roll.turn("runs.csv") == 1, "a name of records is never given again"


def test_an_atomic_rename_brings_a_new_file(runs: Path) -> None:
    bench = FilesBench(runs.parent, complete="renamed").look()
    part = runs.with_name("next.csv.tmp")
    part.write_bytes(b"t,y\n3")
    bench.look()
    append(part, b",c")
    part.rename(runs.with_name("next.csv"))
    bench.look()
    assert told(bench) == ["1", "2", "3"]


def test_links_out_of_the_folder_are_not_followed(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(b"t,y\n66,s\n")
    runs.with_name("inside.csv").symlink_to(runs)
    runs.with_name("outside.csv").symlink_to(tmp_path / "secret.csv")
    runs.with_name("folder").symlink_to(tmp_path)
    os.mkfifo(runs.with_name("pipe.csv"))
    bench = FilesBench(runs.parent / "**" / "*.csv", dry_run=True).look()
    assert told(bench) == ["1", "2"]
    assert bench.reasons == [("outside.csv", "left-out")]


def test_folders_inside_each_other(runs: Path) -> None:
    deep = runs.parent / "2026" / "11" / "x.csv"
    deep.parent.mkdir(parents=True)
    deep.write_bytes(b"t,y\n3,c\n")
    (runs.parent / ".hidden.csv").write_bytes(b"t,y\n4,d\n")
    assert told(FilesBench(runs.parent).look()) == ["1", "2"]
    bench = FilesBench(runs.parent / "20*" / "*" / "*.csv").look()
    assert [a.address for a in bench.arrivals] == ["2026/11/x.csv, line 2"]
    assert sorted(told(FilesBench(runs.parent / "**" / "*.csv").look())) == ["1", "2", "3"]


def test_a_file_that_is_not_there_is_away(runs: Path) -> None:
    with pytest.raises(SourceAway, match="none is not there"):
        FilesBench(runs.with_name("none")).look()


def test_too_many_files_are_refused(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halflife.streams.connectors.files.folder.MOST_FILES", 2)
    for i in range(3):
        runs.with_name(f"{i}.csv").write_bytes(b"")
    with pytest.raises(SourceRefused, match="more than 2 files"):
        FilesBench(runs.parent).look()


def test_the_time_of_a_row_is_when_its_file_was_changed(runs: Path) -> None:
    os.utime(runs, (1_700_000_000, 1_700_000_000))
    (arrival, _) = FilesBench(runs).look().arrivals
    assert arrival.time is not None
    assert arrival.time.timestamp() == 1_700_000_000
