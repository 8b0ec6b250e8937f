"""What stands in text files, and what is said of lines that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from .files_bench import FilesBench


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs.csv"


def test_whole_lines_are_read_and_the_last_one_waits(runs: Path) -> None:
    runs.write_bytes(b"t,y\n1,2\n3,")
    bench = FilesBench(runs).look()
    assert bench.values == [{"t": "1", "y": "2"}]
    assert bench.arrivals[0].address == "runs.csv, line 2"
    with runs.open("ab") as file:
        file.write(b"4\n")
    bench.look().look()
    assert bench.values[1:] == [{"t": "3", "y": "4"}]
    assert bench.arrivals[1].address == "runs.csv, line 3"
    ids = [arrival.record_id.split(":") for arrival in bench.arrivals]
    assert [one[:2] for one in ids] == [["runs.csv", "2"], ["runs.csv", "3"]]
    assert ids[0][2] == ids[1][2]


def test_a_renamed_file_is_whole_with_its_last_line(runs: Path) -> None:
    runs.write_bytes(b"t,y\r\n1,2\r\n3,4")
    assert FilesBench(runs, complete="renamed").look().values == [
        {"t": "1", "y": "2"},
        {"t": "3", "y": "4"},
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(runs: Path, encoding: str) -> None:
    runs.write_bytes("T °C;y\n1,5;a\n2;\u0a0a\n".encode(encoding))
    bench = FilesBench(runs, encoding="auto").look()
    assert bench.values == [{"T °C": "1.5", "y": "a"}, {"T °C": "2", "y": "\u0a0a"}]
    assert not bench.refusals


def test_utf_16_is_refused_where_it_was_not_asked_for(runs: Path) -> None:
    runs.write_bytes("t,y\n1,2\n".encode("utf-16"))
    (refusal,) = FilesBench(runs).look().look().refusals
    assert 'say encoding = "utf-16" in the lab file' in refusal.error.text


def test_auto_finds_cp1252_at_the_first_byte_that_tells(runs: Path) -> None:
    runs.write_bytes(b"t,y\n1,a\n2,\xb0\n3,\xb5\n")
    bench = FilesBench(runs, encoding="auto").look()
    assert [row["y"] for row in bench.values] == ["a", "°", "µ"]


def test_a_line_of_another_encoding_goes_to_the_dead_letters_alone(runs: Path) -> None:
    runs.write_bytes("t,y\n1,°\n".encode() + b"2,\xb0\n" + "3,°\n".encode())
    bench = FilesBench(runs).look()
    assert [row["t"] for row in bench.values] == ["1", "3"]
    assert bench.reasons == [("runs.csv, line 3", "encoding")]
    assert bench.refusals[0].raw == b"2,\xb0"


def test_a_header_that_cannot_be_decoded_stops_the_file(runs: Path) -> None:
    """Else the first row would be taken for the header."""
    runs.write_bytes(b"T \xb0C,y\n1,2\n3,4\n")
    bench = FilesBench(runs).look().look()
    assert not bench.values
    assert bench.reasons == [("runs.csv", "unreadable-file")]
    assert "encoding in the lab file" in bench.refusals[0].error.text


def test_quoted_cells_go_over_lines_and_wait_for_their_end(runs: Path) -> None:
    runs.write_bytes(b't,note\n1,"two\nlines"\n2,"thr')
    bench = FilesBench(runs).look()
    assert bench.values == [{"t": "1", "note": "two\nlines"}]
    with runs.open("ab") as file:
        file.write(b'ee\n"\n4,x\n')
    bench.look()
    assert bench.values[1:] == [{"t": "2", "note": "three\n"}, {"t": "4", "note": "x"}]
    assert [a.address for a in bench.arrivals] == [f"runs.csv, line {i}" for i in (2, 4, 6)]


def test_a_quote_that_is_never_closed_swallows_one_line(runs: Path) -> None:
    runs.write_bytes(b't,y\n1,"2\n' + b"".join(b"%d,0\n" % i for i in range(250)))
    bench = FilesBench(runs).look()
    assert bench.reasons == [("runs.csv, line 2", "broken-csv")]
    assert [row["t"] for row in bench.values] == [str(i) for i in range(250)]


def test_ragged_rows_and_binary_are_told_with_their_line(runs: Path) -> None:
    runs.write_bytes(b"t,y\n1\n2,3,4\n\n5,6\n7,\x00\n\x00\x01\x02\xff\n8,9\n")
    bench = FilesBench(runs).look()
    assert bench.reasons == [
        ("runs.csv, line 2", "ragged"),
        ("runs.csv, line 3", "ragged"),
        ("runs.csv, line 6", "binary"),
        ("runs.csv, line 7", "encoding"),
    ]
    assert [row["t"] for row in bench.values] == ["5", "8"]
    assert bench.refusals[0].error.text == "it has 1 cells where the header has 2 names"


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("length", [1 << 20, 5 << 20])
def test_a_line_that_is_too_long_is_given_up(runs: Path, whole: bool, length: int) -> None:
    runs.write_bytes(b"t,y\n1,2\n")
    bench = FilesBench(runs).look()
    with runs.open("ab") as file:
        file.write(b'3,"' + b"x" * length)
        file.flush()
        if not whole:
            bench.look()
        file.write(b"\n5,6\n")
    bench.look().look()
    assert bench.reasons == [("runs.csv, line 3", "too-large")]
    assert [(row["t"], a.address) for row, a in zip(bench.values, bench.arrivals, strict=True)] == [
        ("1", "runs.csv, line 2"),
        ("5", "runs.csv, line 4"),
    ]


@pytest.mark.parametrize(
    ("content", "keys", "expected"),
    [
        (b"# made by x\nt;y\n#c\n1,5;2\n", {"skip": "#"}, [{"t": "1.5", "y": "2"}]),
        (b"sep=;\nt;y\n1;2\n", {}, [{"t": "1", "y": "2"}]),
        (b"HPLC 3\n\nt\ty\n1,5\t2\n", {"header": 3}, [{"t": "1.5", "y": "2"}]),
        (b"1|2\n", {"header": ["t", "y"]}, [{"t": "1", "y": "2"}]),
        (b't,y\n"1,5",2\n', {"decimal": ","}, [{"t": "1.5", "y": "2"}]),
        (b't,y\n"1,5",2\n', {}, [{"t": "1,5", "y": "2"}]),
        (b"t;y\n1,5;2\n", {"decimal": "."}, [{"t": "1,5", "y": "2"}]),
        (b"t;y\n1,500;0,500\n", {}, [{"t": "1,500", "y": "0.500"}]),
        (b"t,y,\n1,2,\n", {}, [{"t": "1", "y": "2"}]),
        (b"t,y\n1,2\nt,y\n3,4\n", {}, [{"t": "1", "y": "2"}, {"t": "3", "y": "4"}]),
        (b"t,y\n1,2\nt,y,z\n3,4,5\n", {}, [{"t": "1", "y": "2"}, {"t": "3", "y": "4", "z": "5"}]),
    ],
)
def test_the_looks_of_csv(runs: Path, content: bytes, keys: dict, expected: list) -> None:
    runs.write_bytes(content)
    bench = FilesBench(runs, **keys).look()
    assert (bench.values, bench.reasons) == (expected, [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"t,y,t\n1,2,3\n", "its header has 't' more than once"),
        (b"1,2\n3,4\n", "its header has only numbers (1, 2)"),
        (b"\x1f\x8b\x08\x00\n", "it is compressed (gzip)"),
        (b"PK\x03\x04\n", "a ZIP archive or a workbook"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_once(runs: Path, content: bytes, said: str) -> None:
    runs.write_bytes(content)
    bench = FilesBench(runs).look()
    with runs.open("ab") as file:
        file.write(b"5,6\n")
    bench.look()
    bench.restart()
    bench.look()
    (refusal,) = bench.refusals
    assert said in refusal.error.text
    assert (refusal.address, bench.values) == ("runs.csv", [])


def test_a_header_that_is_put_right_lets_the_file_be_read(runs: Path) -> None:
    runs.write_bytes(b"t,t\n1,2\n")
    bench = FilesBench(runs).look()
    runs.write_bytes(b"t,yy\n1,2\n")
    assert bench.look().values == [{"t": "1", "yy": "2"}]


def test_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        b'{"t": 1, "in": {"y": [2]}}\n\n[1]\n{"t": NaN}\n' + b"[" * 5000 + b'\n{"t": 3}\n{"t"'
    )
    bench = FilesBench(tmp_path).look()
    assert bench.values == [{"t": 1, "in": {"y": [2]}}, {"t": 3}]
    assert bench.reasons == [
        ("a.jsonl, line 3", "wrong-type"),
        ("a.jsonl, line 4", "broken-json"),
        ("a.jsonl, line 5", "broken-json"),
    ]


def test_a_format_is_known_by_content_where_no_name_tells(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b'{"t": 1}\n')
    (tmp_path / "b.log").write_bytes(b"t\n2\n")
    (tmp_path / "c.log").write_bytes(b"")
    bench = FilesBench(tmp_path / "*.log").look()
    assert sorted(str(row["t"]) for row in bench.values) == ["1", "2"]
