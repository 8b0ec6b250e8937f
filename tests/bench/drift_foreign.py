"""Drift tools that cannot live in our environment, each in one of its own under build/peers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.bench.foreign.exchange import Task, written
from tests.harness.drift_run import DriftRun, run_of
from tests.harness.drift_streams import CHANGES, STREAM, UNCHANGED, changed_stream

SCRIPTS: Final = Path(__file__).parent / "foreign"
PLACE: Final = Path(__file__).parents[2] / "build" / "peers"
_LEVELS: Final = np.array(list("abcdef"), dtype=object)


@dataclass(frozen=True)
class ForeignTool:
    """A tool, what it must be installed with, and its script.

    Args:
        name: Of the tool and its environment.
        script: In `SCRIPTS`.
        requirements: As pip writes them, with the pins without which it does not start.
        part: One seed in so many is run: some take minutes for each.
        place: Folder of the environments.
    """

    name: str
    script: str
    requirements: tuple[str, ...]
    part: int
    place: Path = PLACE


TOOLS: Final = (
    ForeignTool("evidently", "evidently_windows.py", ("evidently==0.7.23", "pandas<3"), 10),
    ForeignTool("alibi-detect", "alibi_windows.py", ("alibi-detect[torch]==0.13.0", "numpy<2"), 2),
    ForeignTool("alibi-detect", "alibi_online.py", ("alibi-detect[torch]==0.13.0", "numpy<2"), 20),
)
"""evidently cannot be imported with pandas 3, alibi-detect not with numpy 2. The licence of
alibi-detect (BSL 1.1) lets it be compared with, never depended on."""


class ForeignToolMissingError(RuntimeError):
    """The tool cannot be installed or does not run here; the text says why."""


def foreign_runs(tool: ForeignTool, d: int, seeds: int) -> dict[str, list[list[DriftRun]]]:
    """By rule of the tool: for each seed, all kinds of change.

    Raises:
        ForeignToolMissingError: If it cannot be had.
    """
    python = environment(tool)
    streams = {
        (kind, seed): changed_stream(kind, d, seed)
        for seed in range(seeds)
        for kind in (*CHANGES, UNCHANGED)
    }
    tasks = [
        Task(
            kind=kind,
            seed=seed,
            reference=_coded(each.reference),
            stream=_coded(each.stream),
            change=STREAM if each.change is None else each.change,
        )
        for (kind, seed), each in streams.items()
    ]
    found: dict[str, list[list[DriftRun]]] = {}
    for told in _answers(tool, python, tasks):
        kind, seed = told["kind"], told["seed"]
        for rule, alarms in told["alarms"].items():
            by_seed = found.setdefault(rule, [[] for _ in range(seeds)])
            by_seed[seed].append(run_of(kind, streams[kind, seed], alarms))
    return found


def environment(tool: ForeignTool) -> Path:
    """The interpreter of its environment, which is made if there is none with these pins.

    Raises:
        ForeignToolMissingError: If that fails, with the last line of the installer.
    """
    folder = tool.place / tool.name
    python, mark = folder / "bin" / "python", folder / "made-of.txt"
    pins = "\n".join(tool.requirements)
    if mark.exists() and mark.read_text() == pins:
        return python
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise ForeignToolMissingError("uv is not installed")
    run_foreign([uv, "venv", "--clear", "--python", sys.executable, str(folder)])
    run_foreign([uv, "pip", "install", "--python", str(python), *tool.requirements])
    mark.write_text(pins)
    return python


def _answers(tool: ForeignTool, python: Path, tasks: list[Task]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "streams.npz", Path(folder) / "alarms.json"
        written(source, tasks)
        run_foreign([str(python), str(SCRIPTS / tool.script), str(source), str(target)])
        answers: list[dict[str, Any]] = json.loads(target.read_text())
        return answers


def run_foreign(command: list[str], more: Mapping[str, str] | None = None) -> None:
    """Run a command of another environment on one thread, without a GPU.

    Raises:
        ForeignToolMissingError: If it fails, with the last line that it said.
    """
    quiet = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", **(more or {})}
    done = subprocess.run(
        command, env=os.environ | quiet, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise ForeignToolMissingError(f"{Path(command[0]).name} {command[1]}: {lines[-1]}")


def _coded(block: Any) -> Any:
    codes = np.searchsorted(_LEVELS.astype(str), block.texts[:, 0].astype(str))
    return np.column_stack([block.numbers, codes.astype(float)])
