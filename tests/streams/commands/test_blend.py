"""``halflife blend``: what it says of a batch, of a generator, and of what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import write_rows


def test_a_generator_is_fitted_within_each_split(halflife: Any, here: Path) -> None:
    real = write_rows(here / "real.csv", 60, seed=0)
    said = halflife("blend", real, "--lab", "lab.toml", "--generator", "trees", "--json", "-")
    assert said.status == 0, said.err
    found = json.loads(said.out)
    assert [point["share"] for point in found["points"]] == [0.0, 0.1, 0.25, 0.5, 1.0, 2.0]
    assert (found["target"], found["splits"], found["note"]) == ("pressure", 15, "")
    assert found["share"] in {point["share"] for point in found["points"]}
    # Those who know the rows can copy them, and blind copies are worth nothing.
    assert found["points"][-1]["gain"] < 0.2


def test_the_lab_file_may_speak_of_more_than_its_generator_has(halflife: Any, here: Path) -> None:
    real = write_rows(here / "real.csv", 40, seed=0)
    keys = '[stream.gas]\ngenerator = "copula"\nprivacy = 0.5\n'
    lab = (here / "lab.toml").read_text()
    (here / "lab.toml").write_text(lab.replace("[stream.gas]\n", keys))
    said = halflife("blend", real, "--lab", "lab.toml")
    assert said.status == 0, said.err


def test_a_batch_is_judged_with_a_warning_or_by_test_rows(halflife: Any, here: Path) -> None:
    real = write_rows(here / "real.csv", 20, seed=0)
    wrong = write_rows(here / "wrong.csv", 20, seed=1, shift=40.0)
    said = halflife("blend", real, wrong, "--lab", "lab.toml")
    assert said.status == 0, said.err
    assert "Take no synthetic rows to predict pressure" in said.out
    assert "this is optimistic" in said.out
    test = write_rows(here / "test.csv", 50, seed=2)
    said = halflife("blend", real, wrong, "--lab", "lab.toml", "--test", test)
    assert "50 real rows for the test" in said.out
    assert "optimistic" not in said.out


def test_what_it_cannot_use_is_told(halflife: Any, here: Path) -> None:
    real = write_rows(here / "real.csv", 30, seed=0)
    said = halflife("blend", real, real, "--lab", "lab.toml", "--generator", "trees")
    assert said.status == 2
    assert "either SYNTH.csv or --generator" in said.err
    said = halflife("blend", real, "--lab", "lab.toml", "--test", real)
    assert "--test goes with SYNTH.csv" in said.err
    lab = (here / "lab.toml").read_text()
    (here / "lab.toml").write_text(lab.replace('target = "pressure"\n', ""))
    said = halflife("blend", real, "--lab", "lab.toml")
    assert said.status == 2
    assert "stream gas declares no target: write target" in said.err
