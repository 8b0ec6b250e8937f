"""A stream that stops or slows is told, by event time alone, wherever its log is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from halflife.schemas.table import Block
from halflife.streams.watch.backtest import backtest
from halflife.streams.watch.pace import QUIET

from .stories import (
    PROMISES,
    START,
    Heavy,
    Player,
    Raw,
    Told,
    fields,
    lab,
    opv_values,
    plans,
    raw,
    same,
    text_time,
)

RECORDS, STOP, SLOW, AGAIN = 470, 170, 260, 420
PLANS = plans(lab("opv", PROMISES))
VALUES = opv_values(RECORDS, 0, seed=4)


def times() -> Any:
    """Every 5 min; a pause of 14 h; then every 15 min; then a pause of 9 days."""
    rng = np.random.default_rng(0)
    pauses = 300 * rng.uniform(0.8, 1.2, RECORDS)
    pauses[SLOW:] *= 3
    pauses[STOP] += 14 * 3600
    pauses[AGAIN] += 9 * 86_400
    return START + np.cumsum(pauses)


@pytest.fixture(scope="module")
def heavy() -> Heavy:
    return Heavy()


@pytest.fixture(scope="module")
def log() -> tuple[Raw, ...]:
    return tuple(
        raw(i, fields(row, name=f"r{i}", time=text_time(round(float(seconds), 3))))
        for i, (row, seconds) in enumerate(zip(VALUES, times(), strict=True))
    )


@pytest.fixture(scope="module")
def told(log: tuple[Raw, ...], heavy: Heavy) -> Told:
    return Player(PLANS, log, heavy).play()


def timing(told: Told) -> list[dict[str, Any]]:
    return [f for f in told.findings["opv"] if f.get("kind") == "timing"]


def test_gaps_and_paces_are_told_and_end(told: Told) -> None:
    gap, over, slow, settled, long = timing(told)[:5]
    assert (gap["record"], gap["status"], gap["severity"]) == (STOP, "firing", "warning")
    assert gap["text"].startswith("no record for 14 h; the longest pause in the reference was")
    assert (over["record"], over["status"]) == (STOP + QUIET, "resolved")
    assert SLOW <= slow["record"] < SLOW + 15
    assert slow["text"].startswith("records come every 1")
    assert f"since about record {slow['evidence']['change_point']}" in slow["text"]
    assert abs(slow["evidence"]["change_point"] - SLOW) <= 5
    assert (settled["status"], settled["record"]) == ("resolved", slow["record"] + 120)
    assert (long["record"], long["status"]) == (AGAIN, "firing")


def test_it_asks_for_no_batch(told: Told) -> None:
    causes = {f["cause"] for f in told.findings["opv"] if f.get("kind") == "request"}
    assert causes <= {"first", "fidelity"}


@pytest.mark.parametrize("size", [1, 17, 250])
def test_blocks_of_any_size_say_the_same(
    told: Told, log: tuple[Raw, ...], heavy: Heavy, size: int
) -> None:
    same(told, Player(PLANS, log, heavy).play(cuts=range(0, len(log), size)))


@pytest.mark.parametrize("seed", range(4))
def test_interruptions_change_nothing(
    told: Told, log: tuple[Raw, ...], heavy: Heavy, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    cuts, stops = (rng.integers(1, len(log), n).tolist() for n in (9, 9))
    same(told, Player(PLANS, log, heavy, early=bool(seed % 2)).play(cuts=cuts, stops=stops))


def test_offline_it_needs_the_times_of_the_file(told: Told) -> None:
    plan = PLANS["opv"]
    block = Block.from_rows(plan.table, VALUES)
    found = backtest(plan, block, times=np.round(times(), 3))
    alarms = [alarm for alarm in found["alarms"] if alarm["kind"] == "timing"]
    firing = [f for f in timing(told) if f["status"] == "firing"]
    assert [a["record"] for a in alarms] == [f["record"] for f in firing]
    assert [a["text"] for a in alarms] == [f["text"] for f in firing]
    without = backtest(plan, block)
    assert not any(alarm["kind"] == "timing" for alarm in without["alarms"])
