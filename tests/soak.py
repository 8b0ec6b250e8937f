"""``make soak``: a thousand kills, and after each round the ledgers are compared.

It works in rounds of 50 kills, each with records of its own seed, its own topics and a run without
kills beside it. A finished round is written down, so that a soak that was stopped goes on where it
was: ``python -m tests.soak --kills 1000 --records 20000 --seed 1``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from halflife.streams.broker.embedded import EmbeddedKafka

from .harness.records import LAB, script
from .harness.service import Service
from .harness.trial import Trial, Troubles
from .harness.verdict import verdict

ROUND: Final = 50
FOLDER: Final = Path("build/soak")


def troubles_of(kills: int) -> Troubles:
    """For ten kills of monitor workers three of a generator worker and two broker restarts."""
    return Troubles(
        kills=kills,
        joins=max(1, kills // 10),
        generator_kills=max(1, 3 * kills // 10),
        broker_restarts=max(1, kills // 5),
    )


def one_round(kafka: EmbeddedKafka, folder: Path, *, kills: int, records: int, seed: int) -> Any:
    """What a round has shown, as plain data."""
    began = time.monotonic()
    written = script(records, seed)
    name = f"s{seed}-{int(time.time())}"
    calm = Service(kafka.address, f"{name}-calm", folder / "calm", LAB)
    rough = Service(kafka.address, f"{name}-rough", folder / "rough", LAB)
    try:
        expected = Trial(calm, written).undisturbed()
        found = Trial(rough, written).disturbed(troubles_of(kills), kafka, seed)
    finally:
        calm.end()
        rough.end()
    return {
        "seed": seed,
        "records": written.records,
        "done": dict(found.done),
        "counts": found.ledger.counts,
        "problems": verdict(written, expected, found),
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> int:
    """All rounds that are due; 0 if nothing was lost, doubled or different."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="of monitor workers, in all")
    parser.add_argument("--records", type=int, default=20_000, help="of one round")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    wanted = parser.parse_args()
    folder = FOLDER / f"kills-{wanted.kills}-records-{wanted.records}-seed-{wanted.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    rounds = [
        (wanted.seed + i, min(ROUND, wanted.kills - i * ROUND))
        for i in range(-(-wanted.kills // ROUND))
    ]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task("kills", total=wanted.kills)
        for seed, kills in rounds:
            file = folder / f"{seed}.json"
            if not file.exists():
                work = folder / "work"
                shutil.rmtree(work, ignore_errors=True)
                with EmbeddedKafka(work / "kafka") as kafka:
                    done = one_round(kafka, work, kills=kills, records=wanted.records, seed=seed)
                file.write_text(json.dumps(done, indent=1))
            done = json.loads(file.read_text())
            progress.advance(bar, kills)
            for problem in done["problems"]:
                console.print(f"seed {seed}: {problem}", style="red", markup=False)
    return _summary(console, [json.loads(f.read_text()) for f in sorted(folder.glob("*.json"))])


def _summary(console: Console, rounds: list[Any]) -> int:
    table = Table(
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        title="nothing lost, nothing doubled?",
        caption="kill -9 of monitor and generator workers, groups dealt anew, broker restarts",
    )
    names = ("seed", "records", "monitor", "generator", "groups", "broker", "findings",
             "problems", "s")  # fmt: skip
    for name in names:
        table.add_column(name, justify="right")
    total: Counter[str] = Counter()
    for done in rounds:
        happened: Counter[str] = Counter(done["done"])
        row = {
            "records": done["records"],
            "monitor": happened["kill"],
            "generator": sum(n for k, n in happened.items() if k.startswith("generator")),
            "groups": 2 * happened["join"],
            "broker": happened["broker"],
            "findings": sum(done["counts"].values()),
            "problems": len(done["problems"]),
            "s": round(done["seconds"]),
        }
        total.update(row)
        table.add_row(str(done["seed"]), *(f"{value:,}" for value in row.values()))
    table.add_section()
    table.add_row("all", *(f"{total[name]:,}" for name in names[1:]))
    console.print(table)
    return 1 if total["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
