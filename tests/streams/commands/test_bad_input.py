"""What is wrong is told in a sentence, with the exit status for it, and no traceback."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from .conftest import write_rows

HEADER = "temperature,moles,operator,pressure\n"
ROW = "300.0,2,ann,50.0\n"

BAD_FILES = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "header only": (HEADER.encode(), "no row"),
    "not UTF-8": ((HEADER + ROW).replace("ann", "jürgen").encode("latin1"), "not UTF-8"),
    "names twice": (b"x,x\n1,2\n", "named twice: 'x'"),
    "broken row": ((HEADER + "1,2\n").encode(), "2 cells where the first line names 4"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8"),
}
READERS = {
    "init": ["init", "bad.csv", "-o", "new.toml"],
    "synthesize": [
        "synthesize", "bad.csv", "--lab", "lab.toml", "--rows", "9", "--out", "new.csv",
    ],
    "report": ["report", "good.csv", "bad.csv", "--lab", "lab.toml", "--json", "new.json"],
    "backtest": ["backtest", "bad.csv", "--lab", "lab.toml", "--json", "new.json"],
    "replay": ["replay", "bad.csv", "--stream", "gas", "--rate", "0"],
}  # fmt: skip
WITH_LAB = [name for name in READERS if name not in ("init", "replay")]


@pytest.fixture(autouse=True)
def _good_rows(here: Path) -> None:
    write_rows(here / "good.csv", 100, seed=0)


def new_files(here: Path) -> list[str]:
    return sorted(path.name for path in here.glob("new*"))


@pytest.mark.parametrize("content", BAD_FILES)
@pytest.mark.parametrize("command", READERS)
def test_an_unreadable_csv_is_used_wrongly(
    halflife: Any, here: Path, command: str, content: str
) -> None:
    data, words = BAD_FILES[content]
    (here / "bad.csv").write_bytes(data)
    said = halflife(*READERS[command])
    assert said.status == 2
    assert words in said.err
    assert said.err.startswith("halflife: bad.csv")
    assert "Traceback" not in said.err
    assert new_files(here) == []


@pytest.mark.parametrize("command", READERS)
def test_a_missing_csv(halflife: Any, here: Path, command: str) -> None:
    said = halflife(*READERS[command])
    assert (said.status, said.err) == (2, "halflife: bad.csv: No such file or directory\n")
    assert new_files(here) == []


@pytest.mark.parametrize("command", WITH_LAB)
def test_a_lab_file_for_other_data(halflife: Any, here: Path, command: str) -> None:
    (here / "bad.csv").write_text("voltage,current\n" + "1.0,2.0\n" * 100)
    said = halflife(*READERS[command])
    assert said.status == 2
    assert "no column 'temperature', 'moles', 'operator', 'pressure'" in said.err
    assert "The file has: voltage, current" in said.err


@pytest.mark.parametrize("command", WITH_LAB)
def test_a_text_where_a_number_is_due(halflife: Any, here: Path, command: str) -> None:
    (here / "bad.csv").write_text(HEADER + ROW + "300.0,2,ann,high\n")
    said = halflife(*READERS[command])
    assert said.status == 2
    assert "bad.csv, column 'pressure', row 1: 'high' is no number" in said.err


@pytest.mark.parametrize(
    ("command", "words"),
    [("synthesize", "1 rows to learn from; at least"), ("report", "at least 30 synthetic rows")],
)
def test_one_row_is_too_few(halflife: Any, here: Path, command: str, words: str) -> None:
    (here / "bad.csv").write_text(HEADER + ROW)
    said = halflife(*READERS[command])
    assert said.status == 1
    assert words in said.err
    assert "Traceback" not in said.err
    assert new_files(here) == []


def test_one_row_can_be_watched(halflife: Any, here: Path) -> None:
    (here / "bad.csv").write_text(HEADER + ROW)
    said = halflife("backtest", "bad.csv", "--lab", "lab.toml")
    assert said.status == 0
    assert "1 records" in said.out


def test_one_row_gives_a_lab_file(halflife: Any, here: Path) -> None:
    (here / "bad.csv").write_text(HEADER + ROW)
    assert halflife("init", "bad.csv", "-o", "new.toml").status == 0
    assert halflife("check", "new.toml").status == 0


def test_constant_columns_are_no_fault(halflife: Any, here: Path) -> None:
    (here / "bad.csv").write_text(HEADER + ROW * 400)
    made = halflife(
        "synthesize", "bad.csv", "--lab", "lab.toml", "--rows", "50", "--out", "new.csv"
    )
    assert made.status == 0, made.err
    assert set((here / "new.csv").read_text().splitlines()[1:]) == {ROW.strip()}
    said = halflife("report", "bad.csv", "new.csv", "--lab", "lab.toml", "--html", "new.html")
    assert said.status == 0, said.err
    watched = halflife("backtest", "bad.csv", "--lab", "lab.toml")
    assert watched.status == 0, watched.err
    assert "no alarm" in watched.out
    assert halflife("init", "bad.csv", "-o", "new.toml").status == 0


@pytest.mark.parametrize("command", [*WITH_LAB, "check"])
def test_a_missing_lab_file(halflife: Any, here: Path, command: str) -> None:
    write_rows(here / "bad.csv", 50, seed=1)
    (here / "lab.toml").unlink()
    said = halflife(*READERS.get(command, ["check", "lab.toml"]))
    assert said.status == 2
    assert "halflife: lab.toml: " in said.err
    assert "No such file" in said.err


@pytest.mark.parametrize(
    "command",
    [
        ["init", "good.csv", "-o", "no/lab.toml"],
        ["synthesize", "good.csv", "--lab", "lab.toml", "--rows", "9", "--out", "no/x.csv"],
        ["report", "good.csv", "good.csv", "--lab", "lab.toml", "--json", "no/x.json"],
        ["report", "good.csv", "good.csv", "--lab", "lab.toml", "--html", "no/x.html"],
        ["backtest", "good.csv", "--lab", "lab.toml", "--json", "no/x.json"],
    ],
    ids=lambda words: f"{words[0]} {words[-2]}",
)
def test_an_output_into_a_folder_that_is_not_there_is_refused_at_once(
    halflife: Any, command: list[str]
) -> None:
    said = halflife(*command)
    assert said.status == 2
    assert "there is no folder no" in said.err


@pytest.mark.parametrize(
    "command",
    [
        ["synthesize", "good.csv", "--lab", "lab.toml", "--rows", "9", "--out", "good.csv"],
        ["synthesize", "good.csv", "--lab", "lab.toml", "--rows", "9", "--out", "lab.toml"],
        ["report", "good.csv", "good.csv", "--lab", "lab.toml", "--html", "good.csv"],
        ["backtest", "good.csv", "--lab", "lab.toml", "--json", "./good.csv"],
        ["init", "good.csv", "--force", "-o", "good.csv"],
    ],
    ids=lambda words: words[0],
)
def test_an_input_is_never_written(halflife: Any, here: Path, command: list[str]) -> None:
    before = (here / "good.csv").read_bytes(), (here / "lab.toml").read_bytes()
    said = halflife(*command)
    assert said.status == 2
    assert "is read: write to another file" in said.err
    assert ((here / "good.csv").read_bytes(), (here / "lab.toml").read_bytes()) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stream", "gaz"], "did you mean 'gas'?"),
        (["--generator", "tree"], "there are auto"),
        (["--rows", "0"], "--rows"),
        (["--seed", "-1"], "--seed"),
        (["--colour", "red"], "--colour"),
    ],
)
def test_wrong_arguments(halflife: Any, arguments: list[str], words: str) -> None:
    base = ["synthesize", "good.csv", "--lab", "lab.toml", "--rows", "9", "--out", "new.csv"]
    said = halflife(*base, *arguments)
    assert said.status == 2
    assert words in said.err
    assert "Traceback" not in said.err


def test_several_streams_and_none_named(halflife: Any, here: Path) -> None:
    text = (here / "lab.toml").read_text()
    (here / "lab.toml").write_text(text + text.replace("stream.gas", "stream.air"))
    said = halflife("backtest", "good.csv", "--lab", "lab.toml")
    assert said.status == 2
    assert "has 2 streams: say --stream with one of gas, air" in said.err


LIVE = [
    ["replay", "good.csv", "--stream", "gas"],
    ["status"],
    ["batches"],
    ["regenerate", "gas"],
    ["dlq", "list"],
    ["dlq", "show", "0:1"],
    ["dlq", "resend", "0:1"],
]


@pytest.mark.parametrize("command", LIVE, ids=" ".join)
def test_without_any_kafka_it_is_said_what_to_do(halflife: Any, command: list[str]) -> None:
    said = halflife(*command)
    assert said.status == 1
    assert "HALFLIFE_BROKER" in said.err
    assert "halflife up" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", [["status"], LIVE[0]], ids=" ".join)  # each waits for 5 s
def test_a_broker_that_is_not_there(
    halflife: Any, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can take the port
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HALFLIFE_BROKER", f"127.0.0.1:{taken.getsockname()[1]}")
        said = halflife(*command)
    assert said.status == 1
    assert "did not answer" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["monitor", "generator", "up"])
def test_workers_refuse_a_bad_lab_file_and_bad_settings(
    halflife: Any, here: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALFLIFE_WEB_PORT", "none")
    said = halflife(command, "--lab", "lab.toml")
    assert said.status == 2
    assert "HALFLIFE_WEB_PORT" in said.err
    (here / "lab.toml").write_text("[stream.gas]\nkeep = 0\n")
    said = halflife(command, "--lab", "lab.toml")
    assert said.status == 2
    assert "lab.toml, line 2: stream.gas.keep" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "2026-01-01T00:00:00", "--every", "60"], "has no zone"),
        (["--start", "yesterday", "--every", "60"], "is no time"),
        (["--start", "2026-01-01T00:00:00Z"], "--start and --every go together"),
        (["--id-column", "who"], "no column 'who'"),
        (["--rate", "-1"], "--rate"),
    ],
)
def test_replay_used_wrongly(halflife: Any, arguments: list[str], words: str) -> None:
    said = halflife("replay", "good.csv", "--stream", "gas", *arguments)
    assert said.status == 2
    assert words in said.err


@pytest.mark.parametrize(
    "arguments",
    [["resend"], ["resend", "--all"], ["resend", "--reason", "x"], ["resend", "0:1", "--all"],
     ["show", "first"], ["show", "1"], ["list", "--limit", "0"]],
    ids=" ".join,
)  # fmt: skip
def test_dlq_used_wrongly(halflife: Any, arguments: list[str]) -> None:
    said = halflife("dlq", *arguments)
    assert said.status == 2
    assert "Traceback" not in said.err
