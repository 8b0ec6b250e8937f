"""The generator worker against a real Kafka: every request is answered once, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
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
from halflife.schemas.progress import TrainingProgress
from halflife.schemas.record import ExperimentRecord, SyntheticRecord
from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest
from halflife.schemas.settings import Settings
from halflife.schemas.window import Window
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics
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

    @property
    def arguments(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.settings.broker}

    @property
    def topics(self) -> TopicPlan:
        return TopicPlan.with_prefix(self.settings.topic_prefix)

    async def record(self, rows: list[dict[str, float]], partition: int = 0) -> Window:
        """Sends real records, and tells their window."""
        sent = [
            await self.producer.send(
                self.topics.records,
                ExperimentRecord(
                    stream="opv",
                    record_id=f"{id(rows)}-{i}",
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


@pytest.fixture
async def bench(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Bench]:
    text = LAB.format(rows=getattr(request, "param", 300))
    (tmp_path / "lab.toml").write_text(text)
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix, data=tmp_path / "data")
    plan = TopicPlan.with_prefix(topic_prefix)
    await asyncio.to_thread(create_topics, settings, plan, partitions=PARTITIONS)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await producer.start()
    made = Bench(settings, tmp_path, Lab.parse(text), producer)
    try:
        yield made
    finally:
        made.end()
        await producer.stop()


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
    (child,) = children_of(worker)
    return child


def children_of(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The process in which a worker trains, or will; none for a moment between two."""
    return [
        child
        for child in psutil.Process(worker.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]


async def idle(process: psutil.Process) -> None:
    """Waits until a process has nothing to do: it has imported all that it will need."""
    deadline = time.monotonic() + 60
    quiet = 0
    used = -1.0
    while quiet < 10:
        assert time.monotonic() < deadline, "the child is still busy"
        before, used = used, sum(process.cpu_times()[:2])
        sleeps = process.status() == psutil.STATUS_SLEEPING
        quiet = quiet + 1 if sleeps and used == before else 0
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("bench", [2000], indirect=True)
async def test_a_request_leads_to_one_batch_soon(bench: Bench) -> None:
    worker = bench.start()
    window = await bench.record(compositions(500, seed=1))
    await bench.ask(bench.asked(window, 1, plan="0" * 16))  # refused at once: the worker is there
    await bench.wait_for(1, 90)
    (child,) = children_of(worker)
    await idle(child)
    began = time.monotonic()
    await bench.ask(bench.asked(window, 2))
    outcomes = await bench.wait_for(2, 90)
    seconds = time.monotonic() - began
    print(f"\n500 records, 2,000 rows: {seconds:.2f} s from request to outcome")  # noqa: T201  # a figure
    assert [o.outcome for o in outcomes] == ["failed", "promoted"], outcomes[-1].text
    assert outcomes[-1].batch is not None
    assert outcomes[-1].batch.rows == 2000
    await bench.check_batches(outcomes)
    assert seconds < 10
    told = [TrainingProgress.from_bytes(m.value) for m in await bench.read(bench.topics.progress)]
    assert {step.request_id for step in told} == {o.request_id for o in outcomes}
    assert "judging" in {step.phase for step in told}


async def test_a_challenger_that_is_no_better_leaves_the_champion(bench: Bench) -> None:
    bench.start()
    first = await bench.record(compositions(400, seed=8))
    other = await bench.record(compositions(400, seed=8, gain=3.0), partition=1)
    await bench.ask(bench.asked(first, 1))
    (outcome,) = await bench.wait_for(1, 90)
    champion = outcome.batch
    assert champion is not None
    # The same records again are no news; another partition waits meanwhile, and has news.
    await bench.ask(bench.asked(first, 2, champion=champion))
    await bench.ask(bench.asked(other, 3, champion=champion))
    outcomes = {o.request_id: o for o in await bench.wait_for(3, 90)}
    tie, better = outcomes[identity("test", 2)], outcomes[identity("test", 3)]
    assert (tie.outcome, tie.batch) == ("rejected", None)
    assert tie.verdict is not None
    assert tie.verdict["champion"] is not None
    assert better.outcome == "promoted", better.text
    assert better.batch is not None
    assert better.batch.supersedes == champion.batch_id
    await bench.check_batches(list(outcomes.values()))


async def test_a_window_that_is_no_more_what_it_was_is_told(bench: Bench) -> None:
    bench.start()
    window = await bench.record(compositions(200, seed=1))
    await bench.ask(bench.asked(window.model_copy(update={"digest": "0" * 32}), 1))
    await bench.ask(bench.asked(window.model_copy(update={"count": 199}), 2))
    await bench.ask(bench.asked(window, 3, plan="0" * 16))
    beyond = window.model_copy(update={"last": window.last + 1000})
    await bench.ask(bench.asked(beyond, 4))
    await bench.ask(bench.asked(window, 5, stream="xrd"))
    outcomes = await bench.wait_for(5, 90)
    assert {o.outcome for o in outcomes} == {"failed"}
    texts = [o.text for o in outcomes]
    assert "are not those of opv that were asked for" in texts[0]
    assert "has 200 valid records of opv now and had 199" in texts[1]
    assert "both need the same file" in texts[2]
    assert "the log ends at 200" in texts[3]
    assert "no stream 'xrd'; it has opv" in texts[4]
    await bench.check_batches(outcomes)


async def test_a_killed_training_is_tried_again(bench: Bench) -> None:
    worker = bench.start()
    window = await bench.record(compositions(400, seed=2))
    request = bench.asked(window)
    await bench.ask(request)
    (await training_in(worker, request, bench)).kill()
    (outcome,) = await bench.wait_for(1, 90)
    assert outcome.outcome == "promoted", outcome.text
    assert outcome.attempts == 2
    await bench.check_batches([outcome])


async def test_a_training_that_is_killed_thrice_is_given_up(bench: Bench) -> None:
    worker = bench.start()
    window = await bench.record(compositions(400, seed=3))
    request = bench.asked(window, 1)
    await bench.ask(request)
    for attempt in (1, 2, 3):
        (await training_in(worker, request, bench, attempt)).kill()
    (outcome,) = await bench.wait_for(1, 90)
    assert outcome.outcome == "failed"
    assert outcome.text == (
        "given up after 3 attempts: the training was killed by SIGKILL (out of memory?)"
    )
    await bench.ask(bench.asked(window, 2))  # the worker is well
    outcomes = await bench.wait_for(2, 90)
    assert outcomes[1].outcome == "promoted", outcomes[1].text
    await bench.check_batches(outcomes)


async def test_a_worker_that_is_told_to_end_leaves_its_request_to_the_next(bench: Bench) -> None:
    first = bench.start()
    window = await bench.record(compositions(400, seed=4))
    request = bench.asked(window)
    await bench.ask(request)
    child = await training_in(first, request, bench)
    first.terminate()
    assert await asyncio.to_thread(first.wait, 20) == 0
    assert not child.is_running()
    assert await bench.outcomes() == []
    bench.start()
    (outcome,) = await bench.wait_for(1, 90)
    assert outcome.outcome == "promoted", outcome.text
    assert outcome.attempts == 1
    await bench.check_batches([outcome])


async def test_workers_killed_at_random_moments_answer_each_request_once(bench: Bench) -> None:
    rng = np.random.default_rng(5)
    worker = bench.start()
    window = await bench.record(compositions(400, seed=5), partition=1)
    requests = [bench.asked(window, number) for number in range(3)]
    for number, request in enumerate(requests):
        await bench.ask(request)
        for phase, longest in (("training", 0.8), ("publishing", 0.12)):
            seen = bench.said(f"opv: {phase}")
            deadline = time.monotonic() + 90
            while bench.said(f"opv: {phase}") == seen and len(await bench.outcomes()) <= number:
                assert time.monotonic() < deadline, f"no {phase} within 90 s"
            # The moment itself is what varies: from before the transaction to behind it.
            await asyncio.sleep(rng.uniform(0, longest))
            children = children_of(worker)
            worker.kill()
            worker.wait()
            # No training outlives its worker.
            await asyncio.to_thread(psutil.wait_procs, children, 20)
            assert not any(child.is_running() for child in children)
            worker = bench.start()
        await bench.wait_for(number + 1, 90)
    outcomes = await bench.outcomes()
    assert [o.request_id for o in outcomes] == [request.request_id for request in requests]
    assert [o.outcome for o in outcomes] == ["promoted"] * 3, outcomes
    assert bench.said("opv: training") > 3  # some were killed before they were published
    await bench.check_batches(outcomes)


@pytest.mark.slow
async def test_a_worker_that_slept_through_its_own_replacement_publishes_nothing(
    bench: Bench,
) -> None:
    sleeper = bench.start("sleeper")
    window = await bench.record(compositions(400, seed=6))
    request = bench.asked(window)
    await bench.ask(request)
    child = await training_in(sleeper, request, bench)
    sleeper.send_signal(signal.SIGSTOP)
    bench.start("heir")
    (outcome,) = await bench.wait_for(1, 90)  # the group waits 15 s for the sleeper
    sleeper.send_signal(signal.SIGCONT)
    await bench.log_says("another worker answers the requests of partition 0 now")
    await asyncio.to_thread(child.wait, 30)
    await bench.ask(bench.asked(window, 2))  # whoever has the partition goes on
    outcomes = await bench.wait_for(2, 90)
    assert [o.request_id for o in outcomes] == [identity("test", 0), identity("test", 2)]
    assert outcomes[0] == outcome
    assert not bench.said("never retrieved")
    await bench.check_batches(outcomes)


async def test_a_broker_that_goes_away_is_waited_for(kafka: EmbeddedKafka, bench: Bench) -> None:
    worker = bench.start()
    window = await bench.record(compositions(400, seed=7))
    request = bench.asked(window)
    await bench.ask(request)
    child = await training_in(worker, request, bench)
    kafka.kill()
    await asyncio.to_thread(child.wait, 30)  # the training went on, and its answer is kept
    await asyncio.sleep(2)  # that long the worker finds no broker
    await asyncio.to_thread(kafka.start)
    await bench.ask(bench.asked(window, 2))
    outcomes = await bench.wait_for(2, 90)
    assert [o.outcome for o in outcomes] == ["promoted", "promoted"]
    assert [o.attempts for o in outcomes] == [1, 1]
    assert bench.said("Unable connect to node") == 1  # of some twenty in a second
    await bench.check_batches(outcomes)
