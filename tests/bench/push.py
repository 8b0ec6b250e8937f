"""Records over HTTP: how many a second on one core, and how long a single one takes."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import time
import urllib.request
from typing import Any, Final

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from tests.bench import traffic
from tests.bench.stage import stage, wait_for

BATCH: Final = 100
BATCHES: Final = 2000
SENDERS: Final = 4
RATE: Final = 1000.0
CONNECTIONS: Final = 50
SECONDS: Final = 20.0
TO_REACH: Final = {"records/s on one core": 20_000, "p99, ms": 50}
"""What is wanted."""


def run(console: Console, scale: float) -> dict[str, Any]:
    """Batches of records as fast as they go, then single ones at a steady rate."""
    console.print(
        f"[bold]push[/]: batches of {BATCH} by {SENDERS} senders, then {RATE:,.0f} requests/s of "
        "one record each; load, worker and Kafka share the machine"
    )
    with stage(traffic.lab(4), partitions=4) as made:
        address = "http://127.0.0.1:18662"
        worker = made.start("connect", 18662)
        wait_for("the worker", 60, lambda: _is_ready(address))
        process = psutil.Process(worker.process.pid)
        rows = {}
        for kind in ("application/x-ndjson", "application/json"):
            _apart(_throughput, address, kind, 50)  # first requests are slow
            busy, begun = _cpu(process), time.monotonic()
            count = _apart(_throughput, address, kind, max(100, int(BATCHES * scale)))
            busy, seconds = _cpu(process) - busy, time.monotonic() - begun
            rows[kind] = {
                "records/s": count / seconds,
                "records/s on one core": count / busy,
                "share of a core": busy / seconds,
            }
        busy = _cpu(process)
        lasting = max(3.0, SECONDS * scale)
        latencies = np.array(_apart(_latency, address, lasting))
        single = {
            "requests/s": len(latencies) / lasting,
            "share of a core": (_cpu(process) - busy) / lasting,
            **{f"p{q}, ms": float(np.percentile(latencies, q)) * 1000 for q in (50, 90, 99)},
        }
    _print(console, rows, single)
    return {"batches": rows, "single": single, "load of the machine": os.getloadavg()[0]}


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=5) as answer:  # noqa: S310  # ours
            return bool(answer.status == 200)
    except OSError:
        return False


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _apart(work: Any, *arguments: Any) -> Any:
    """What a function returns that runs in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _bodies(kind: str) -> list[bytes]:
    """A hundred records of a spectrometer in each, 1 KB a record; four streams by turns."""
    bodies = []
    for k in range(4):
        cells = traffic.table(BATCH, seed=k)
        records = list(traffic.messages(f"s{k}", cells))
        lines = kind == "application/x-ndjson"
        bodies.append(b"\n".join(records) if lines else b"[" + b",".join(records) + b"]")
    return bodies


def _throughput(address: str, kind: str, batches: int) -> int:
    """Records that were accepted."""
    import aiohttp

    bodies = _bodies(kind)
    todo = iter(range(batches))

    async def sender(session: aiohttp.ClientSession) -> int:
        accepted = 0
        for i in todo:
            body = bodies[i % len(bodies)]
            async with session.post(
                "/v1/records", data=body, headers={"Content-Type": kind}
            ) as got:
                assert got.status == 202, await got.text()
                accepted += json.loads(await got.read())["accepted"]
        return accepted

    async def all_of_them() -> int:
        async with aiohttp.ClientSession(address) as session:
            return sum(await asyncio.gather(*(sender(session) for _ in range(SENDERS))))

    return asyncio.run(all_of_them())


def _latency(address: str, lasting: float) -> list[float]:
    """Seconds from when each request was due to its answer, so that a queue is not left out."""
    import aiohttp

    (body,) = traffic.messages("s0", traffic.table(1, seed=9))
    found: list[float] = []

    async def one(session: aiohttp.ClientSession, due: float) -> None:
        told = {"Content-Type": "application/json"}
        async with session.post("/v1/records", data=body, headers=told) as got:
            assert got.status == 202, await got.text()
            await got.read()
        found.append(asyncio.get_running_loop().time() - due)

    async def steady() -> None:
        loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(address, connector=connector) as session:
            await asyncio.gather(*(one(session, loop.time()) for _ in range(CONNECTIONS)))
            found.clear()
            begun, waiting = loop.time(), []
            for i in range(int(RATE * lasting)):
                due = begun + i / RATE
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                waiting.append(asyncio.create_task(one(session, due)))
            await asyncio.gather(*waiting)

    asyncio.run(steady())
    return found


def _print(console: Console, rows: dict[str, dict[str, float]], single: dict[str, float]) -> None:
    table = Table("batches as", "records/s", "on one core", "share of a core")
    for kind, row in rows.items():
        table.add_row(
            kind,
            f"{row['records/s']:,.0f}",
            f"{row['records/s on one core']:,.0f}",
            f"{row['share of a core']:.0%}",
        )
    console.print(table, f"(to reach: {TO_REACH['records/s on one core']:,} on one core)")
    told = ", ".join(f"{name} {value:,.2f}" for name, value in single.items())
    console.print(f"single records: {told} (to reach: p99 {TO_REACH['p99, ms']} ms)")
