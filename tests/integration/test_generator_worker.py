"""The generator worker against a real Kafka: every request is answered, and once."""

from __future__ import annotations

import asyncio
import time

import psutil
import pytest

from halflife.schemas.progress import TrainingProgress
from halflife.streams.watch.identity import identity

from .generator_bench import Bench, children_of, compositions


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
    # What takes less time than a person needs to read it, as judging does, may be passed over.
    assert {"reading", "publishing"} <= {step.phase for step in told}


async def test_a_challenger_that_is_no_better_leaves_the_champion(bench: Bench) -> None:
    bench.start()
    first = await bench.record(compositions(400, seed=8))
    other = await bench.record(compositions(400, seed=8, gain=3.0), partition=1)
    await bench.ask(bench.asked(first, 1))
    (outcome,) = await bench.wait_for(1, 90)
    champion = outcome.batch
    assert champion is not None
    # Fewer records of the same law are no news; another partition waits meanwhile, and has news.
    fewer = await bench.record(compositions(110, seed=9))
    await bench.ask(bench.asked(fewer, 2, champion=champion))
    await bench.ask(bench.asked(other, 3, champion=champion))
    outcomes = {o.request_id: o for o in await bench.wait_for(3, 90)}
    tie, better = outcomes[identity("test", 2)], outcomes[identity("test", 3)]
    assert tie.outcome in {"rejected", "undecided"}
    assert tie.batch is None
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
