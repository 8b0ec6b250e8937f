"""Every request to the generator worker is answered once, whatever is killed."""

from __future__ import annotations

import asyncio
import signal
import time

import numpy as np
import psutil
import pytest

from halflife.schemas.lab import Lab
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.watch.identity import identity

from .generator_bench import Bench, children_of, compositions, training_in


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
    assert 1 <= bench.said("Unable connect to node") <= 2  # of some twenty in a second
    await bench.check_batches(outcomes)


async def test_a_network_whose_training_is_killed_gives_way_to_trees(bench: Bench) -> None:
    lab = (bench.folder / "lab.toml").read_text()
    lab = lab.replace('generator = "trees"', 'generator = "diffusion"')
    (bench.folder / "lab.toml").write_text(lab)
    bench.lab = Lab.parse(lab)
    worker = bench.start()
    window = await bench.record(compositions(400, seed=9))
    request = bench.asked(window)
    await bench.ask(request)
    (await training_in(worker, request, bench)).kill()
    (outcome,) = await bench.wait_for(1, 90)
    assert outcome.outcome == "promoted", outcome.text
    assert "'trees' was trained in place of 'diffusion', since the training was killed by" in (
        outcome.text
    )
    assert outcome.batch is not None
    assert outcome.batch.generator == "trees"
