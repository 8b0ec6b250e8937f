"""Differential privacy at the terminal: epsilon is said where a batch is made and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import write_rows


def test_epsilon_of_the_lab_file_is_kept_and_told(halflife: Any, here: Path) -> None:
    lab = (here / "lab.toml").read_text()
    lab = lab.replace(
        'target = "pressure"', 'target = "pressure"\ngenerator = "private"\nepsilon = 5'
    )
    bounds = {
        'unit = "K", min = 0': 'unit = "K", min = 270, max = 370',
        'unit = "mol"': 'unit = "mol", min = 1, max = 4',
        'unit = "kPa"': 'unit = "kPa", min = 0, max = 150',
    }
    for old, new in bounds.items():
        lab = lab.replace(old, new)
    (here / "lab.toml").write_text(lab)
    real = write_rows(here / "real.csv", 200, seed=0)
    made = here / "made.csv"
    arguments = ("--lab", "lab.toml", "--rows", "200", "--seed", "77", "--out", made)
    said = halflife("synthesize", real, *arguments)
    assert said.status == 0, said.err
    assert (
        "differentially private: epsilon 5, delta 1e-05, for who does not know the seed" in said.out
    )
    found = json.loads(halflife("report", real, made, "--lab", "lab.toml", "--json", "-").out)
    assert found["epsilon"] == 5.0
    # Another generator makes no such promise, and the lab file's is not passed on.
    said = halflife("synthesize", real, *arguments, "--generator", "trees")
    assert "differentially private" not in said.out
