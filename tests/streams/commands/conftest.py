"""A small lab: a lab file, and rows of a law that everybody knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from halflife.streams.commands.main import run

LAB = """
[stream.gas]
title = "An ideal gas"
reference = 300
min_rows = 100
target = "pressure"

[stream.gas.column]
temperature = { role = "set-point", unit = "K", min = 0 }
moles = { role = "set-point", kind = "integer", unit = "mol" }
operator = { role = "context", kind = "category" }
pressure = { role = "measured", unit = "kPa" }
"""


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str


def write_rows(path: Path, rows: int, seed: int, shift: float = 0.0) -> Path:
    """``pressure = 8.3 temperature moles / 100`` with noise of 1 kPa, and a shift of so many."""
    random = np.random.default_rng(seed)
    temperature = random.uniform(280.0, 360.0, rows)
    moles = random.integers(1, 5, rows)
    who = random.choice(["ann", "bo"], rows)
    pressure = 0.083 * temperature * moles + random.normal(0.0, 1.0, rows) + shift
    lines = ["temperature,moles,operator,pressure"]
    lines += [
        f"{t!r},{n},{w},{p!r}"
        for t, n, w, p in zip(temperature.tolist(), moles, who, pressure.tolist(), strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the current one, with ``lab.toml``; no variable of Halflife is set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HALFLIFE_BROKER", raising=False)
    (tmp_path / "lab.toml").write_text(LAB, encoding="utf-8")
    return tmp_path


@pytest.fixture
def halflife(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command in ``here``: its exit status and what it wrote."""

    def call(*arguments: str | Path) -> Said:
        words: Sequence[str] = [str(argument) for argument in arguments]
        capsys.readouterr()
        status = run(words)
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return call
