"""Records a second of the monitor worker with all monitors on, beside bare consumers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from halflife.monitors import Fidelity
from halflife.schemas.lab import Lab
from halflife.schemas.table import Block
from tests.bench import traffic
from tests.bench.stage import Stage, Worker, stage, wait_for

PARTITIONS = 1
START, STEP = 150.0, 2e-5
"""Event time of the measured records, seconds: 50,000 a second, as if they came live. A fidelity
tick is due once a minute at most, so none falls into the few seconds that are measured; what one
costs is measured apart."""
WARM = 1500
"""Records before the measured ones: the reference, the first batch, its first effect."""


def run(console: Console, scale: float) -> dict[str, Any]:
    """JSON and Arrow through the worker; aiokafka and kafka-python over the same JSON."""
    count = max(20_000, int(400_000 * scale))
    console.print(
        f"[bold]speed[/]: {count:,} records, 16 numeric columns, 1 KB JSON, one partition"
    )
    with stage(traffic.lab(1), partitions=PARTITIONS) as made:
        cells = traffic.table(WARM + count, seed=1)
        json_rate, size = _worker_json(made, cells)
        peers = [_peer(made, name, WARM + count) for name in ("aiokafka", "kafka-python")]
    with stage(traffic.lab(1), partitions=PARTITIONS) as made:
        arrow_rate = _worker_arrow(made, cells)
    rows = [peers[0], peers[1], json_rate, arrow_rate]
    _print(console, rows, base=peers[0])
    ratio = json_rate["rate"] / peers[0]["rate"]
    tick = _tick_seconds(cells)
    console.print(f"a fidelity tick stops its stream for {tick:.1f} s, once a minute at most")
    console.print(
        f"monitor worker over bare aiokafka: [bold]{ratio:.2f}[/] (to reach: .5, goal .6)"
    )
    return {"records": count, "bytes_a_record": size, "rows": rows, "ratio": ratio, "tick": tick}


def _worker_json(made: Stage, cells: Any) -> tuple[dict[str, Any], float]:
    broker, topic = made.kafka.address, made.topics.records
    warm = traffic.messages("s0", cells[:WARM], step=0.1)
    traffic.send_json(broker, topic, 0, warm, "s0")
    worker = _warmed_up(made)
    worker.process.terminate()
    worker.process.wait(30)
    rest = traffic.messages("s0", cells[WARM:], first=WARM, start=START, step=STEP)
    size = traffic.send_json(broker, topic, 0, rest, "s0")
    worker = made.start("monitor", 18650)
    count = len(cells) - WARM
    return _timed(worker, "monitor worker, JSON", count, len(cells)), size / count


def _worker_arrow(made: Stage, cells: Any) -> dict[str, Any]:
    broker, topic = made.kafka.address, made.topics.records
    warm = traffic.messages("s0", cells[:WARM], step=0.1)
    traffic.send_json(broker, topic, 0, warm, "s0")
    worker = _warmed_up(made)
    worker.process.terminate()
    worker.process.wait(30)
    starts = range(WARM, len(cells), 1000)
    values = [
        traffic.arrow_message(
            "s0", cells[a : a + 1000], first=a, start=START + STEP * (a - WARM), step=STEP
        )
        for a in starts
    ]
    traffic.send_arrow(broker, topic, 0, values, "s0")
    worker = made.start("monitor", 18650)
    return _timed(worker, "monitor worker, Arrow", len(cells) - WARM, WARM + len(values))


def _warmed_up(made: Stage) -> Worker:
    """A monitor worker that has a reference and a batch in circulation."""
    made.start("generator", 18651)
    worker = made.start("monitor", 18650)
    wait_for("the first records", 120, lambda: worker.total("halflife_records_total") >= WARM)
    wait_for(
        "the first batch", 60,
        lambda: worker.total("halflife_batch_created_timestamp_seconds") > 0,
    )  # fmt: skip
    return worker


def _timed(worker: Worker, name: str, count: int, end: int) -> dict[str, Any]:
    """Rate from the first progress that is seen to the last offset.

    Args:
        worker: Just started.
        name: What is measured.
        count: Records to come.
        end: Offset behind the last message.
    """
    wait_for("restart", 60, lambda: worker.offset() >= WARM)
    first = worker.offset()
    wait_for("the first block", 60, lambda: worker.offset() > first)
    begun, seen, cpu = time.perf_counter(), worker.offset(), worker.cpu_seconds(children=False)
    wait_for(name, 600, lambda: worker.offset() >= end, pause=0.2)
    seconds, spent = time.perf_counter() - begun, worker.cpu_seconds(children=False) - cpu
    records = count * (end - seen) / (end - WARM)
    return {"name": name, "rate": records / seconds, "cpu_rate": records / spent, "records": count}


def _tick_seconds(cells: Any) -> float:
    """Seconds of one fidelity tick: 250 real records beside 1,000 rows."""
    table = Lab.parse(traffic.lab(1)).streams["s0"].table
    none = np.empty((len(cells), 0), dtype=object)
    block = Block(table, np.asarray(cells, dtype=np.float64), none)
    begun = time.perf_counter()
    Fidelity(table, seed=0).measure(block[:250], block[250:1250])
    return time.perf_counter() - begun


def _peer(made: Stage, name: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.peers", name, made.kafka.address]
    done = subprocess.run(
        [*command, made.topics.records, str(count)], check=True, capture_output=True, text=True
    )
    seconds, cpu = json.loads(done.stdout)
    return {
        "name": f"bare {name} + orjson",
        "rate": count / seconds,
        "cpu_rate": count / cpu,
        "records": count,
    }


def _print(console: Console, rows: list[dict[str, Any]], base: dict[str, Any]) -> None:
    shown = Table("", "records/s", "records/CPU-s", "of bare aiokafka")
    for row in rows:
        ratio = f"{row['rate'] / base['rate']:.2f}"
        shown.add_row(row["name"], f"{row['rate']:,.0f}", f"{row['cpu_rate']:,.0f}", ratio)
    console.print(shown)
