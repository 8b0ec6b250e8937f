"""``halflife connect NAME --dry-run`` on files: what is there, as Halflife would understand it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halflife.schemas.lab import Lab

SOURCE = '[source.hplc]\ntype = "files"\npath = "runs.jsonl"\n'


def write(path: Path, rows: int = 60) -> None:
    """A planner sets temperature and flow on a grid; the instrument answers."""
    random = np.random.default_rng(0)
    lines = [
        {
            "when": f"2026-11-01T10:{i % 60:02d}:00",
            "run": f"r{i}",
            "set": {"temperature": 20 + 20 * (i % 3)},
            "data": {"flow": 1 + i % 2, "yield": random.normal(0.5, 0.1), "spectrum": [0] * 50},
            "bad": "x" if i == 7 else 1.5 + random.normal(),
        }
        for i in range(rows)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{broken\n")


def dry(halflife: Any, *words: str) -> Any:
    return halflife("connect", "hplc", "--lab", "lab.toml", "--dry-run", *words)


def test_a_source_alone_gets_a_lab_file_that_works(halflife: Any, here: Path) -> None:
    write(here / "runs.jsonl")
    (here / "lab.toml").write_text(SOURCE)
    said = dry(halflife, "--records", "60", "--seconds", "1", "-o", "new.toml")
    assert said.status == 0, said.err
    assert "stream hplc (not in the lab file yet)" in said.out
    assert "runs.jsonl, line 61   broken-json" in said.out
    assert halflife("check", "new.toml").status == 0
    lab = Lab.read(here / "new.toml")
    roles = {column.name: column.role.value for column in lab.streams["hplc"].table.columns}
    assert roles["temperature"] == roles["flow"] == "set-point"
    assert roles["yield"] == "measured"
    plan = lab.sources["hplc"]
    assert plan.columns["yield"].path == "data.yield"
    assert plan.time_from == "when"
    assert 'time_zone = "UTC"  # a guess' in (here / "new.toml").read_text()


def test_as_json_it_has_every_record(halflife: Any, here: Path) -> None:
    write(here / "runs.jsonl")
    (here / "lab.toml").write_text(SOURCE)
    said = dry(halflife, "--records", "20", "--seconds", "1", "--json", "-")
    found = json.loads(said.out)
    assert len(found["records"]) == 20
    assert found["records"][0]["address"] == "runs.jsonl, line 1"
    assert found["records"][0]["record_id"].startswith("runs.jsonl:1:")
    assert found["stream_is_new"] is True


def test_a_stream_that_is_there_is_told_how_it_fits(halflife: Any, here: Path) -> None:
    write(here / "runs.jsonl")
    stream = """
[stream.hplc.column]
temp = { role = "set-point", unit = "K" }
yeld = { role = "measured" }
bad = { role = "measured" }
[source.hplc.column]
temp = { from = "set.temperature", unit = "degC" }
"""
    (here / "lab.toml").write_text(SOURCE + 'id_from = "run"\ntime_zone = "UTC"\n' + stream)
    said = dry(halflife, "--records", "60", "--seconds", "1")
    assert said.status == 0, said.err
    assert "column yeld: the source has nothing at 'yeld'" in said.out
    assert "no column takes: when, data.flow, data.yield, data.spectrum" in said.out
    assert "293.15" in said.out
    assert "degC" in said.out
    assert "a number is due, not 'x'" in said.out
    assert "A proposal" not in said.out


@pytest.mark.parametrize(
    ("lab", "words", "status", "expected"),
    [
        (SOURCE, ["hplx"], 2, "no source 'hplx' in lab.toml; did you mean 'hplc'?"),
        (SOURCE, ["hplc"], 1, "runs.jsonl is not there"),
        (SOURCE.replace("runs.jsonl", "empty"), ["hplc"], 1, "said nothing within 0.3 s"),
        (SOURCE.replace('"files"', '"fils"'), ["hplc"], 2, "'fils' is no type of source"),
        (SOURCE + "wrong = 1", ["hplc"], 2, "lab.toml, line 4: source.hplc.wrong: unknown key"),
        (SOURCE + "[strem.a]", ["hplc"], 2, "strem: unknown key; did you mean 'stream'?"),
    ],
)
def test_what_is_wrong_is_told(  # noqa: PLR0917  # fixtures, and a case
    halflife: Any, here: Path, lab: str, words: list[str], status: int, expected: str
) -> None:
    (here / "empty").mkdir()
    (here / "lab.toml").write_text(lab)
    command = ["connect", *words, "--lab", "lab.toml", "--dry-run", "--seconds", "0.3"]
    said = halflife(*command)
    assert expected in " ".join((said.out + said.err).split())
    assert said.status == status


def test_nothing_in_the_folder_changes(halflife: Any, here: Path) -> None:
    write(here / "runs.jsonl")
    (here / "lab.toml").write_text(SOURCE)
    before = {path: path.stat().st_mtime_ns for path in here.iterdir()}
    dry(halflife, "--seconds", "0.5")
    assert {path: path.stat().st_mtime_ns for path in here.iterdir()} == before


def test_options_of_a_dry_run_need_one(halflife: Any, here: Path) -> None:
    (here / "lab.toml").write_text(SOURCE)
    said = halflife("connect", "hplc", "--lab", "lab.toml", "--json", "-")
    assert said.status == 2
    assert "belong to --dry-run" in said.err
