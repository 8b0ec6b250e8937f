"""``halflife remake``: batches of a real worker, made again from what stands in Kafka."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from halflife.generators import Diffusion, Generator
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.lab import Lab
from halflife.schemas.window import Window
from halflife.streams.broker.clients import kafka_python_arguments
from halflife.streams.generator.batch_reader import read_batch
from halflife.streams.generator.log_reader import LogReader
from halflife.streams.generator.training import model_digest, model_file
from halflife.streams.generator.versions import versions
from halflife.streams.generator.window_reader import read_window
from halflife.streams.tables import block_from, read_table
from halflife.streams.watch.identity import derived_seed

from .generator_bench import TIME, Bench, compositions


async def remake(bench: Bench, *arguments: str, status: int = 0) -> str:
    """What the command prints, in a process of its own."""
    variables = {
        "HALFLIFE_BROKER": str(bench.settings.broker),
        "HALFLIFE_TOPIC_PREFIX": bench.settings.topic_prefix,
        "HALFLIFE_DATA": str(bench.settings.data),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "halflife.streams.commands.main", "remake", *arguments]
    done = await asyncio.to_thread(
        subprocess.run, command, env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert done.returncode == status, done.stdout + done.stderr
    return str(done.stdout + done.stderr)


async def test_a_batch_is_made_again_from_the_log_and_costs_are_told(bench: Bench) -> None:
    bench.start()
    window = await bench.record(compositions(400, seed=1))
    await bench.ask(bench.asked(window, 1))
    (outcome,) = await bench.wait_for(1, 90)
    batch = outcome.batch
    assert batch is not None
    # Python and its libraries alone take a second to start.
    assert outcome.cpu_seconds == batch.cpu_seconds
    assert 0.2 < (batch.cpu_seconds or 0.0) < 60
    assert batch.gpu_joules is None
    out = bench.folder / "again.csv"
    found = json.loads(await remake(bench, batch.batch_id[:12], "--out", str(out), "--json", "-"))
    assert found["same"]
    assert found["digest"] == batch.digest
    assert found["model_id"] == batch.model_id
    assert found["other_versions"] == []
    # The rows that went out, those of the file and those of the manifest are the same.
    table = bench.lab.streams["opv"].table
    sent = await read_batch(bench.arguments, bench.topics.synthetic, batch, table)
    assert block_from(read_table(out), table, "again.csv").digest() == sent.digest()
    said = await remake(bench, "ff", status=1)
    assert f"no batch begins with 'ff': there are {batch.batch_id[:12]}" in said
    _forget_records(bench, window)
    said = await remake(bench, batch.batch_id, status=1)
    assert f"{bench.topics.records}, partition 0, are due, but the log begins at" in said


def _forget_records(bench: Bench, window: Window) -> None:
    """As retention does: the log begins behind the first record of the window."""
    admin = KafkaAdminClient(**kafka_python_arguments(bench.settings))
    place = TopicPartition(bench.topics.records, window.partition)
    admin.delete_records({place: window.first + 1})
    admin.close()


@pytest.mark.neural
async def test_a_chain_of_warm_starts_is_made_again_from_its_beginning(bench: Bench) -> None:
    pytest.importorskip("torch")
    lab = (bench.folder / "lab.toml").read_text()
    bench.lab = Lab.parse(lab.replace('generator = "trees"', 'generator = "diffusion"'))
    chain: list[SyntheticBatch] = []
    before: Generator | None = None
    for seed in range(2):
        window = await bench.record(compositions(120, seed=seed))
        made, before = await _publish(bench, window, seed, chain[-1] if chain else None, before)
        chain.append(made)
    first, second = chain
    found = json.loads(await remake(bench, second.batch_id, "--retrain", "--json", "-"))
    assert found["same"], found["text"]
    assert found["remade_before"] == [first.batch_id]


async def _publish(
    bench: Bench, window: Window, seed: int, above: SyntheticBatch | None, before: Any
) -> tuple[SyntheticBatch, Generator]:
    """A batch of a tiny network, as a worker would publish it; no lab file asks for so tiny a one.

    The topic of batches is compacted by stream: the later manifest is the one that stays.
    """
    plan = bench.lab.streams["opv"]
    async with LogReader(bench.arguments) as reader:
        rows = await read_window(reader, bench.topics.records, plan, window)
    model = Diffusion(plan.table, steps=4, hidden=8, layers=1, device="cpu")
    known = rows.block[~rows.holdout(plan.holdout)]
    model.fit(known, seed=derived_seed(seed, "fit"), warm=before)
    models = bench.settings.data / "models"
    models.mkdir(parents=True, exist_ok=True)
    model.save(models / "fresh.npz")
    model_id = model_digest(models / "fresh.npz")
    (models / "fresh.npz").rename(model_file(models, model_id))
    batch = model.sample(50, seed=derived_seed(seed, "sample"))
    made = SyntheticBatch(
        batch_id=f"{seed:032x}", stream="opv", request_id="a" * 32, generator=model.name,
        options=model.parameters, model_id=model_id, warm_from=above and above.model_id, rows=50,
        seed=seed, window=window, trained_on=len(known), gate={}, created=TIME,
        digest=batch.digest(), plan=plan.digest, declared=plan.declared, versions=versions(model),
        partition=0, first_offset=0, last_offset=49,
    )  # fmt: skip
    await bench.producer.send_and_wait(bench.topics.batches, made.to_bytes(), key=b"opv")
    return made, model
