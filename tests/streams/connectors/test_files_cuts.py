"""However the writing is cut, and whenever the reader is killed: the same records, once each."""

from __future__ import annotations

import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .files_bench import FilesBench

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

cells = st.sampled_from(["a", "2,5", '"q"', '"two\nlines"', "°"])
lines = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 99), cells).map(lambda row: f"{row[0]};{row[1]}\n".encode()),
        st.sampled_from(
            [
                b"\n", b"# 1;2\n", b"1\n", b"1;2;3\n", b'5;"open\n', b"6;\xb0\n", b"7;\x00\n",
                b"t;y\n", b"t;z\n", b'8;"a"b\n', b"9;\r;\n", b"\xff\xfe\x00\n", b'"\n', b"a;b\r\n",
            ]
        ),
    ),
    max_size=25,
)  # fmt: skip
encodings = st.sampled_from(["utf-8", "auto", "cp1252"])
cuts = st.lists(st.floats(0, 1), max_size=8)
deeds = st.lists(st.sampled_from(["look", "kill", "restart", "nothing"]), min_size=9, max_size=9)


def outcome(bench: FilesBench) -> list[Any]:
    """Everything that was told, but for the name of the file's identity and the time."""
    told: list[Any] = [
        (a.address, dict(a.values), a.raw, a.record_id.rsplit(":", 1)[0]) for a in bench.arrivals
    ]
    return told + [(r.address, r.error.reason, r.error.text, r.raw) for r in bench.refusals]


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def pieces(content: bytes, where: list[float]) -> list[bytes]:
    at = sorted({0, len(content), *(round(share * len(content)) for share in where)})
    return [content[one:two] for one, two in pairwise(at)]


@QUICK
@given(lines, encodings, cuts, deeds, st.booleans())
def test_cuts_of_csv_change_nothing(
    written: list[bytes], encoding: str, where: list[float], then: list[str], closing: bool
) -> None:
    content = b"# made\nt;y\n" + b"".join(written) + (b"1;end" if closing else b"")
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = Path(folder) / "whole" / "a.csv", Path(folder) / "cut" / "a.csv"
        for path in (whole, cut):
            path.parent.mkdir()
        whole.write_bytes(content)
        keys = {"skip": "#", "encoding": encoding}
        expected = FilesBench(whole.parent, **keys).look()
        bench = FilesBench(cut.parent, **keys)
        for piece, deed in zip(pieces(content, where), then, strict=False):
            append(cut, piece)
            if deed == "restart":
                bench.restart()
            if deed != "nothing":
                bench.look(0 if deed == "kill" else None)
            if deed == "kill":
                bench.restart()
        bench.restart()
        bench.look()
        assert outcome(bench) == outcome(expected)


@QUICK
@given(
    st.lists(st.sampled_from(["write", "look", "kill", "restart", "rotate", "copy"]), max_size=40),
    st.booleans(),
    st.data(),
)
def test_rotation_and_kills_lose_and_double_nothing(
    then: list[str], as_json: bool, data: st.DataObject
) -> None:
    """The writer is at it all the time, in pieces that know nothing of lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("log.jsonl" if as_json else "log.csv")
        header = b"" if as_json else b"n,text\n"
        bench = FilesBench(Path(folder) / "log.*")  # also what was rotated before a look
        path.touch()
        waiting = header
        count = rotated = 0
        for deed in [*then, "rest", "look"]:
            if deed == "write":
                for _ in range(data.draw(st.integers(1, 40))):
                    text = "é" * (count % 7)
                    row = {"n": count, "text": text}
                    waiting += (json.dumps(row) if as_json else f'{count},"{text}\n"').encode()
                    waiting += b"\n"
                    count += 1
                size = data.draw(st.integers(0, len(waiting)))
                append(path, waiting[:size])
                waiting = waiting[size:]
            elif deed in {"rotate", "rest"}:
                append(path, waiting)  # a writer ends its line before it opens another file
                waiting = b""
                if deed == "rotate":
                    rotated += 1
                    for number in range(rotated - 1, 0, -1):
                        Path(f"{path}.{number}").rename(f"{path}.{number + 1}")
                    path.rename(f"{path}.1")
                    path.touch()
                    waiting = header
            elif deed == "copy":
                new = path.with_name("new")
                new.write_bytes(path.read_bytes())
                new.rename(path)
                bench.look()
            elif deed == "restart":
                bench.restart()
            else:
                bench.look(0 if deed == "kill" else None)
                if deed == "kill":
                    bench.restart()
        bench.look()
        assert sorted(int(row["n"]) for row in bench.values) == list(range(count))
        assert len({arrival.record_id for arrival in bench.arrivals}) == count
        assert not bench.refusals
        assert not bench.gaps


@QUICK
@given(st.lists(st.binary(max_size=300), max_size=6), st.sampled_from(["csv", "jsonl"]), encodings)
def test_junk_never_breaks_it(junk: list[bytes], form: str, encoding: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        bench = FilesBench(path, format=form, encoding=encoding)
        path.write_bytes(b"")
        for piece in junk:
            append(path, piece)
            bench.look()
        assert all(refusal.error.text and refusal.address for refusal in bench.refusals)
