"""Generator workers in processes of their own, and the topics that they serve."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from aiokafka import AIOKafkaProducer

from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.lab import Lab
from halflife.schemas.record import ExperimentRecord, SyntheticRecord
from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest
from halflife.schemas.settings import Settings
from halflife.schemas.window import Window
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.generator.attempts import Attempts
from halflife.streams.generator.batch_reader import read_batch
from halflife.streams.generator.log_reader import LogReader
from halflife.streams.watch.decoder import Decoder
from halflife.streams.watch.identity import identity

PARTITIONS = 2
TIME = datetime(2026, 11, 22, 10, tzinfo=UTC)
LAB = """
[stream.opv]
rows = {rows}
generator = "trees"
time_limit = "2 min"
[stream.opv.column]
a = {{ role = "set-point", min = 0, max = 1 }}
b = {{ role = "set-point", min = 0, max = 1 }}
c = {{ role = "set-point", min = 0, max = 1 }}
degradation = {{ role = "measured", min = 0 }}
[[stream.opv.law]]
sum = ["a", "b", "c"]
equals = 1
"""
WORKER = """
import logging, sys
from pathlib import Path
from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.generator.main import run_generator
if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    import os
    sys.exit(run_generator(Lab.read(Path(sys.argv[1])), Settings.from_environment(os.environ)))
"""


def compositions(rows: int, seed: int, gain: float = 1.0) -> list[dict[str, float]]:
    """Fractions on a grid of .05 that sum to 1, and an answer that depends on them."""
    rng = np.random.default_rng(seed)
    parts = rng.multinomial(20, [0.3, 0.3, 0.4], size=rows) / 20
    answers = gain * (parts[:, 0] + 2 * parts[:, 1] ** 2) + rng.normal(0, 0.05, rows)
    return [
        {"a": a, "b": b, "c": c, "degradation": abs(y)}
        for (a, b, c), y in zip(parts.tolist(), answers.tolist(), strict=True)
    ]


@dataclass
class Bench:
    """One set of topics, and the workers that serve it."""

    settings: Settings
    folder: Path
    lab: Lab
    producer: AIOKafkaProducer
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    windows: int = 0

    @property
    def arguments(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.settings.broker}

    @property
    def topics(self) -> TopicPlan:
        return TopicPlan.with_prefix(self.settings.topic_prefix)

    async def record(self, rows: list[dict[str, float]], partition: int = 0) -> Window:
        """Sends real records, and tells their window; the same records have the same identities."""
        self.windows += 1
        sent = [
            await self.producer.send(
                self.topics.records,
                ExperimentRecord(
                    stream="opv",
                    record_id=f"{self.windows}-{i}",
                    time=TIME,
                    instrument="robot",
                    values=row,
                ).to_bytes(),
                key=b"opv",
                partition=partition,
            )
            for i, row in enumerate(rows)
        ]
        offsets = [done.offset for done in await asyncio.gather(*sent)]
        async with LogReader(self.arguments) as reader:
            messages = await reader.read(
                self.topics.records, partition, first=offsets[0], last=offsets[-1]
            )
        found = Decoder(self.lab.streams).decode(messages).rows["opv"]
        addresses = found.addresses.tolist()
        return Window.of(partition, addresses, repeats=[], digest=found.block.digest())

    def asked(self, window: Window, number: int = 0, **changes: Any) -> RegenerationRequest:
        return RegenerationRequest(
            **{
                "request_id": identity("test", number),
                "stream": "opv",
                "cause": "hand",
                "window": window,
                "record": 500,
                "offset": window.last,
                "time": TIME,
                "champion": None,
                "seed": 7 + number,
                "plan": self.lab.streams["opv"].digest,
                "text": "asked for by a test",
                **changes,
            }
        )

    async def ask(self, request: RegenerationRequest) -> None:
        await self.producer.send_and_wait(
            self.topics.regenerations,
            request.to_bytes(),
            key=b"opv",
            partition=request.window.partition,
        )

    def start(self, worker_id: str = "one") -> subprocess.Popen[bytes]:
        """A worker in a process of its own."""
        log = (self.folder / "worker.log").open("ab")
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "HALFLIFE_BROKER": str(self.settings.broker),
            "HALFLIFE_TOPIC_PREFIX": self.settings.topic_prefix,
            "HALFLIFE_DATA": str(self.settings.data),
            "HALFLIFE_GENERATOR_PORT": "0",
            "HALFLIFE_WORKER_ID": worker_id,
        }
        command = [sys.executable, "-c", WORKER, str(self.folder / "lab.toml")]
        with log:
            worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def end(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()

    async def read(self, topic: str) -> list[Any]:
        """All that a read_committed consumer sees in a topic."""
        found: list[Any] = []
        async with LogReader(self.arguments) as reader:
            for partition in range(PARTITIONS):
                end = await reader.end(topic, partition)
                if end:
                    found += await reader.read(topic, partition, first=0, last=end - 1)
        return found

    async def outcomes(self) -> list[RegenerationOutcome]:
        values = [message.value for message in await self.read(self.topics.regenerations)]
        return [RegenerationOutcome.from_bytes(v) for v in values if b'"kind":"outcome"' in v]

    async def wait_for(self, count: int, seconds: float) -> list[RegenerationOutcome]:
        """The outcomes, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(found := await self.outcomes()) < count:
            if time.monotonic() > deadline:
                log = (self.folder / "worker.log").read_text()
                pytest.fail(f"{len(found)} of {count} outcomes after {seconds} s\n{log[-8000:]}")
            await asyncio.sleep(0.05)
        return found

    def said(self, text: str) -> int:
        """How often the workers have logged a text."""
        return (self.folder / "worker.log").read_text().count(text)

    async def log_says(self, text: str) -> None:
        """Waits until the workers have logged a text."""
        deadline = time.monotonic() + 90
        while not self.said(text):
            assert time.monotonic() < deadline, f"no {text!r} in the log within 90 s"
            await asyncio.sleep(0.01)

    async def check_batches(self, outcomes: list[RegenerationOutcome]) -> None:
        """One manifest and one set of rows 0..n-1 for each promoted request, and no others."""
        promoted = {o.batch.batch_id: o.batch for o in outcomes if o.batch is not None}
        manifests = [
            SyntheticBatch.from_bytes(m.value) for m in await self.read(self.topics.batches)
        ]
        assert sorted(m.batch_id for m in manifests) == sorted(promoted)
        rows: dict[str, list[int]] = {batch: [] for batch in promoted}
        for message in await self.read(self.topics.synthetic):
            row = SyntheticRecord.from_bytes(message.value)
            assert row.record_id == f"{row.batch_id}-{row.row}"
            rows[row.batch_id].append(row.row)
        for manifest in manifests:
            assert manifest == promoted[manifest.batch_id]
            assert rows[manifest.batch_id] == list(range(manifest.rows))
            table = self.lab.streams["opv"].table
            block = await read_batch(self.arguments, self.topics.synthetic, manifest, table)
            assert block.digest() == manifest.digest


async def training_in(
    worker: subprocess.Popen[bytes], request: RegenerationRequest, bench: Bench, attempt: int = 1
) -> psutil.Process:
    """The child of a worker that trains for a request, as soon as it is at it."""
    attempts = Attempts(bench.settings.data / "attempts", request.request_id)
    deadline = time.monotonic() + 60
    while attempts.begun < attempt:
        assert time.monotonic() < deadline, f"training {attempt} did not begin"
        await asyncio.sleep(0.005)
        attempts = Attempts(bench.settings.data / "attempts", request.request_id)
    # It is written down that the training begins before its process does.
    while not (children := children_of(worker)):
        assert time.monotonic() < deadline, f"training {attempt} has no process"
        await asyncio.sleep(0.005)
    (child,) = children
    return child


def children_of(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The process in which a worker trains, or will; none for a moment between two."""
    found = []
    for child in psutil.Process(worker.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended, and may be a zombie
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found
