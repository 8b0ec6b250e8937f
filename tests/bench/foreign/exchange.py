"""What goes between the benchmark and a tool in another environment: streams in, alarms out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.float64]
Alarms = dict[str, list[int]]


@dataclass(frozen=True)
class Task:
    """One stream and its reference.

    Args:
        kind: Of the change.
        seed: Streams of one seed share their reference.
        reference: Shape (n, d + 1); the last column is the category, as codes from 0.
        stream: The same.
        change: Where the stream changes: a tool need not go on after its first alarm since then.
    """

    kind: str
    seed: int
    reference: Cells
    stream: Cells
    change: int


def written(path: Path, tasks: list[Task]) -> None:
    """Write tasks for another environment."""
    arrays: dict[str, Any] = {
        "kinds": np.array([task.kind for task in tasks]),
        "seeds": np.array([task.seed for task in tasks]),
        "changes": np.array([task.change for task in tasks]),
    }
    for number, task in enumerate(tasks):
        arrays[f"stream {number}"] = task.stream
        arrays[f"reference {task.seed}"] = task.reference
    np.savez(path, **arrays)


def tasks_in(path: Path) -> Iterator[Task]:
    """Read them there."""
    with np.load(path) as file:
        for number, (kind, seed) in enumerate(zip(file["kinds"], file["seeds"], strict=True)):
            yield Task(
                kind=str(kind),
                seed=int(seed),
                reference=file[f"reference {seed}"],
                stream=file[f"stream {number}"],
                change=int(file["changes"][number]),
            )


def windows(task: Task, size: int, fires: Callable[[Cells], Mapping[str, bool]]) -> Alarms:
    """Tumbling windows; a rule that fires does so at the last record of its window.

    Once every rule has fired since the change, nothing more is asked.
    """
    alarms: Alarms = {}
    done: set[str] = set()
    for end in range(size, len(task.stream) + 1, size):
        told = fires(task.stream[end - size : end])
        for rule, fired in told.items():
            alarms.setdefault(rule, [])
            if fired:
                alarms[rule].append(end - 1)
                if end - 1 >= task.change:
                    done.add(rule)
        if done == set(told):
            break
    return alarms


def answer(watch: Callable[[Task], Alarms]) -> None:
    """Watch every task of the file named first; alarms by rule into the file named second."""
    source, target = map(Path, sys.argv[1:3])
    found = [
        {"kind": task.kind, "seed": task.seed, "alarms": watch(task)} for task in tasks_in(source)
    ]
    target.write_text(json.dumps(found))
