"""`python -m tests.bench [NAME ...]`: run benchmarks and print their tables."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench import (
    client,
    contamination,
    decay,
    drift_given_set_points,
    drift_power,
    drift_promise,
    drift_speed,
    fidelity,
    gate,
    generators,
    latency,
    live_page,
    measures,
    memory,
    metrics_cost,
    push,
    recipes,
    refresh,
    speed,
    strangers,
    timing,
)

BENCHMARKS: dict[str, Callable[..., dict[str, Any]]] = {
    "speed": speed.run,
    "latency": latency.run,
    "memory": memory.run,
    "metrics-cost": metrics_cost.run,
    "drift-promise": drift_promise.run,
    "drift-power": drift_power.run,
    "drift-set-points": drift_given_set_points.run,
    "drift-speed": drift_speed.run,
    "contamination": contamination.run,
    "timing": timing.run,
    "strangers": strangers.run,
    "recipes": recipes.run,
    "measures": measures.run,
    "fidelity": fidelity.run,
    "decay": decay.run,
    "generators": generators.run,
    "live-page": live_page.run,
    "gate": gate.run,
    "refresh": refresh.run,
    "client": client.run,
    "push": push.run,
}


def main() -> int:
    """Run what is asked for, all by default; each is given the options that it takes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--processes", type=int, default=1, help="of the statistical ones; 1 or 2")
    parser.add_argument(
        "--no-peers", dest="peers", action="store_false", help="our own figures alone"
    )
    parser.add_argument(
        "--only",
        default="",
        help="streams of drift-promise, tables of gate, with this in the name; tables and "
        "generators of generators, by name",
    )
    parser.add_argument("--folder", type=Path, help="of CSV files, for strangers")
    parser.add_argument("--out", type=Path, default=Path("bench-results"))
    asked = parser.parse_args()
    unknown = set(asked.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(
            f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    console = Console(width=None if sys.stdout.isatty() else 140)  # a file has no width
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        taken = inspect.signature(benchmark).parameters
        options = {
            key: vars(asked)[key]
            for key in ("processes", "peers", "only", "folder", "out")
            if key in taken
        }
        found = benchmark(console, asked.scale, **options)
        (asked.out / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
