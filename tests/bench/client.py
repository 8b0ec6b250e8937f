"""What `lab.record` of the client adds to the experiment's thread, with the service up and down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from halflife import Lab

RECORDS: Final = 20_000
TARGET: Final = 1e-3
"""Seconds that a call may add, in 99 of 100."""
COLUMNS: Final = {f"column_{i}": 0.1 * i for i in range(10)} | {"solvent": "thf"}
PACES: Final = {"1,000/s": 1e-3, "as fast as it goes": 0.0}

SERVER: Final = """
import sys
from tests.harness.push_server import PushServer
server = PushServer()
print(server.url, flush=True)
sys.stdin.read()
"""
"""In a process of its own: it is not what is measured."""


def run(console: Console, scale: float) -> dict[str, Any]:
    """Records of eleven columns, at two paces, with the service up, down, and up again."""
    records = max(500, round(RECORDS * scale))
    console.print(f"[bold]client[/]: {records:,} records of {len(COLUMNS)} columns each")
    found: dict[str, Any] = {"records": records}
    # What this machine adds to anything that takes so long, when others want its processors too.
    found["machine"] = _figures(_times(lambda _: json.dumps(COLUMNS), records, 1e-3), 0)
    table = Table("service", "pace", "median", "p99", "p99.9", "longest", "lost")
    for service in ("up", "down"):
        for pace, pause in PACES.items():
            with _address(up=service == "up") as url:
                figures = _measured(url, records, pause)
            found[f"{service}, {pace}"] = figures
            table.add_row(service, pace, *_shown(figures))
    table.add_row("only json.dumps, no client", "1,000/s", *_shown(found["machine"]))
    found["import_seconds"] = min(_imported() for _ in range(5))
    console.print(table)
    held = all(figures["p99"] < TARGET for key, figures in found.items() if key.endswith("/s"))
    console.print(
        f"99 of 100 calls add less than 1 ms at 1,000/s: {'yes' if held else 'NO'}; "
        f"imported in {1e3 * found['import_seconds']:.0f} ms"
    )
    found["held"] = held
    return found


def _measured(url: str, records: int, pause: float) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Lab(url, spool=Path(folder), longest_wait=1.0) as lab,
    ):
        lab.flush(10)
        took = _times(lambda i: lab.record("bench", COLUMNS, number=i), records, pause)
        lab.flush(60)
        status = lab.status
    assert status.recorded == records
    return _figures(took, status.lost)


def _times(work: Callable[[int], object], count: int, pause: float) -> NDArray[np.float64]:
    took = np.empty(count)
    for i in range(count):
        began = time.perf_counter()
        work(i)
        took[i] = time.perf_counter() - began
        if pause:
            time.sleep(pause)
    return took


def _shown(figures: dict[str, Any]) -> tuple[str, ...]:
    keys = ("median", "p99", "p99.9", "max")
    return (*(f"{1e6 * figures[key]:,.0f} µs" for key in keys), str(figures["lost"]))


def _figures(took: NDArray[np.float64], lost: int) -> dict[str, Any]:
    return {
        "median": float(np.median(took)),
        "p99": float(np.quantile(took, 0.99)),
        "p99.9": float(np.quantile(took, 0.999)),
        "max": float(took.max()),
        "lost": lost,
    }


@contextmanager
def _address(*, up: bool) -> Iterator[str]:
    if not up:
        yield "http://127.0.0.1:9"  # the port of `discard`, where nobody listens
        return
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def _imported() -> float:
    code = (
        "import time; t = time.process_time(); from halflife import Lab; "
        "print(time.process_time() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return float(done.stdout)
