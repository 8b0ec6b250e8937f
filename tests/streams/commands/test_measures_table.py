"""The measures in the report: as data for programs, as a table for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from halflife.monitors.measures import GROUPS, MEASURES
from halflife.streams.commands.measures_table import figure, measures_table, not_measured

from .conftest import write_rows

KEYS = {
    "measure", "title", "group", "value", "yardstick", "p_value", "best", "direction", "unit",
    "sentence", "details", "reason",
}  # fmt: skip


@pytest.fixture
def report(halflife: Any, here: Path) -> Any:
    for seed, name in enumerate(("real", "train", "batch")):
        write_rows(here / f"{name}.csv", 120, seed=seed)

    def run(*more: str) -> Any:
        said = halflife(
            "report", "real.csv", "batch.csv", "--lab", "lab.toml", "--json", "out.json", *more
        )
        assert said.status == 0
        return said, json.loads((here / "out.json").read_text())

    return run


def test_the_json_has_every_measure(report: Any) -> None:
    _, found = report("--train", "train.csv")
    measures = {m["measure"]: m for m in found["measures"]}
    assert list(measures) == list(MEASURES)
    assert all(set(m) == KEYS for m in measures.values())
    unknown = [name for name, m in measures.items() if m["value"] is None]
    assert unknown == ["law_violations"], "a lab without a law, and everything else"
    assert found["dcr_share"] == measures["closest_record_share"]["value"]
    assert found["copies"] == measures["copies"]["details"]["copies"]


def test_without_training_rows_the_others_are_there(report: Any) -> None:
    said, found = report()
    reasons = {m["group"]: m["reason"] for m in found["measures"]}
    assert reasons["privacy"] == "it needs the training rows: --train"
    assert "not measured: Copies of training rows, Near copies" in " ".join(said.out.split())


def test_the_terminal_shows_every_group(report: Any) -> None:
    said, _ = report("--train", "train.csv")
    lines = [line.split() for line in said.out.splitlines()]
    assert [words[0] for words in lines if words and words[0] in GROUPS][-7:] == list(GROUPS)
    assert "Kolmogorov-Smirnov distance" in said.out
    assert "like real" in said.out


def test_the_same_seed_gives_the_same_measures(report: Any) -> None:
    once, again = (report("--seed", "3")[1]["measures"] for _ in range(2))
    assert once == again


def test_a_rare_p_value_is_said_to_differ() -> None:
    row = {"group": "joint", "title": "MMD", "value": 0.5, "unit": "1", "yardstick": 0.1, "best": 0}
    table = measures_table([{**row, "p_value": 0.001}, {**row, "p_value": 0.2}])
    assert list(table.columns[-1].cells) == ["differs", "like real"]
    assert list(table.columns[0].cells) == ["joint", ""]


def test_reasons_are_said_once() -> None:
    rows = [{"title": t, "value": None, "reason": "why"} for t in ("A", "B")]
    assert not_measured(rows) == ["not measured: A, B (why)"]
    assert figure(None, "sd") == "–"
