"""``make soak-connectors``: each connector against its real counterpart, killed and restarted.

10,000 records, five ``kill -9`` of the connect worker, two restarts of the server or of Kafka. What
is lost or doubled is told; where a protocol keeps nothing of what was said while nobody listened,
what counts is whether a gap was told for it. ``python -m tests.soak_connectors --only mqtt files``.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from halflife.streams.broker.embedded import EmbeddedKafka

FOLDER: Final = Path("build/soak-connectors")
KINDS: Final = (
    "push", "client", "files", "kafka", "bluesky", "mqtt", "sparkplug", "opcua", "epics", "sila",
)  # fmt: skip


def one(kind: str, records: int, kills: int, restarts: int) -> dict[str, Any]:
    """The figures of one connector, on a Kafka of its own, which some of them restart."""
    folder = FOLDER / kind
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "run").mkdir(parents=True)
    run = import_module(f"tests.harness.chaos_{kind}").run
    with EmbeddedKafka(folder / "kafka") as kafka:
        wants_address = "kafka_address" in inspect.signature(run).parameters
        began = time.monotonic()
        found = run(
            kafka.address if wants_address else kafka,
            f"soak-{kind}",
            folder / "run",
            records=records,
            kills=kills,
            restarts=restarts,
        )
        figures: Any = asyncio.run(found) if inspect.isawaitable(found) else found
    plain = figures if isinstance(figures, dict) else vars_of(figures)
    return {**plain, "seconds": round(time.monotonic() - began, 1)}


def vars_of(figures: Any) -> dict[str, Any]:
    """The fields of a dataclass or a named tuple."""
    names = getattr(figures, "_fields", None) or list(type(figures).__annotations__)
    return {name: getattr(figures, name) for name in names}


def shown(value: Any) -> str:
    """A figure, or how many there are of something."""
    return str(len(value)) if isinstance(value, list | set | tuple | dict) else str(value)


def main() -> int:
    """Run them one after the other; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak_connectors", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    console, figures, failed = Console(), {}, False
    for kind in wanted.only:
        with console.status(f"{kind}: {wanted.records} records, {wanted.kills} kills ..."):
            try:
                figures[kind] = one(kind, wanted.records, wanted.kills, wanted.restarts)
            except AssertionError as error:
                figures[kind], failed = {"failed": str(error)[:500]}, True
        table = Table("", kind)
        for name, value in figures[kind].items():
            table.add_row(name, shown(value))
        console.print(table)
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(figures, indent=1, default=str))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
