"""Records over HTTP: how many a second on one core, and how long a single one takes."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import time
import urllib.request
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

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


class _Connection(asyncio.Protocol):
    """Sends one request after the other; a client library would take as long as the worker.

    Args:
        request: As it goes over the wire.
        waiting: When each request was due that found no free connection.
        free: Connections without a request.
        tell: Is told the seconds that each request took.
    """

    def __init__(
        self,
        request: bytes,
        waiting: deque[float],
        free: list[_Connection],
        tell: Callable[[float], None],
    ) -> None:
        self._request = request
        self._waiting = waiting
        self._free = free
        self._tell = tell
        self._due = 0.0
        self._answer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._free.append(self)

    def send(self, due: float) -> None:
        """Send a request that was due at a time of the loop."""
        self._due, self._answer = due, b""
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, _, body = self._answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: ([0-9]+)", head)
        if length is None or len(body) < int(length[1]):
            return
        assert head.startswith(b"HTTP/1.1 202"), self._answer
        self._tell(self._loop.time() - self._due)
        if self._waiting:
            self.send(self._waiting.popleft())
        else:
            self._free.append(self)


def _latency(address: str, lasting: float) -> list[float]:
    """Seconds from when each request was due to its answer, so that a queue is not left out."""
    (body,) = traffic.messages("s0", traffic.table(1, seed=9))
    place = urlsplit(address)
    request = (
        f"POST /v1/records HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    found: list[float] = []

    async def steady() -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        count = int(RATE * lasting)

        def tell(seconds: float) -> None:
            found.append(seconds)
            if len(found) == count:
                told.set()

        waiting: deque[float] = deque()
        free: list[_Connection] = []
        for _ in range(CONNECTIONS):
            await loop.create_connection(
                lambda: _Connection(request, waiting, free, tell), place.hostname, place.port
            )
        begun = loop.time()
        for i in range(count):
            due = begun + i / RATE
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            if free:
                free.pop().send(due)
            else:
                waiting.append(due)
        await told.wait()

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
