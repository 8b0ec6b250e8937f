"""Resident memory of the monitor worker over millions of records."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from tests.bench import traffic
from tests.bench.stage import stage, wait_for

CHUNK = 100_000
STEP = 0.001
"""Seconds of event time from record to record: a fidelity tick every 60,000 records."""
_BARS = "▁▂▃▄▅▆▇█"


def run(console: Console, scale: float) -> dict[str, Any]:
    """Two million records, memory after every hundred thousand."""
    chunks = max(2, int(20 * scale))
    console.print(f"[bold]memory[/]: {chunks * CHUNK:,} records through one monitor worker")
    curve: list[float] = []
    with stage(traffic.lab(1), partitions=1) as made:
        made.start("generator", 18671)
        worker = made.start("monitor", 18670)
        for k in range(chunks):
            cells = traffic.table(CHUNK, seed=k)
            start = STEP * k * CHUNK
            values = traffic.messages("s0", cells, first=k * CHUNK, start=start, step=STEP)
            traffic.send_json(made.kafka.address, made.topics.records, 0, values, "s0")
            end = (k + 1) * CHUNK
            wait_for(
                f"{end:,} records", 300,
                lambda end=end: worker.total("halflife_records_total") >= end,  # type: ignore[misc]  # bound early
            )  # fmt: skip
            curve.append(worker.memory() / 1e6)
    low, high = min(curve), max(curve)
    spread = max(high - low, 1e-9)
    bars = "".join(_BARS[min(7, int(8 * (mb - low) / spread))] for mb in curve)
    console.print(
        f"{bars}  {low:.0f} to {high:.0f} MB, last {curve[-1]:.0f} MB (to stay under 300)"
    )
    grown = curve[-1] - curve[len(curve) // 2]
    console.print(f"grown in the second half: {grown:+.1f} MB")
    return {"records_a_point": CHUNK, "megabytes": curve}
