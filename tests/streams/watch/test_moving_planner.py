"""A planner that goes from region to region: batches and reference follow it."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from halflife.schemas.table import Block
from halflife.streams.watch.backtest import backtest
from halflife.streams.watch.following import leaves_at
from halflife.streams.watch.ticks import FAR

from .stories import (
    PROMISES,
    START,
    Heavy,
    Player,
    Raw,
    Told,
    fields,
    plans,
    raw,
    rows_from,
    same,
    text_time,
)

PLANS = plans(f"""
[stream.opv]
target = "rate"
{PROMISES}
[stream.opv.column]
heat = {{ role = "set-point" }}
stir = {{ role = "set-point" }}
rate = {{ role = "measured" }}
""")
REGIONS, EACH = 5, 240
FAULT = REGIONS * EACH
"""The record at which the instrument loses a little, in the last region."""


def records(region: int, rng: np.random.Generator, *, loss: float = 0.0) -> list[dict[str, float]]:
    """What an instrument answers there; its scatter is 0.1."""
    heat, stir = rng.uniform(region, region + 2, EACH), rng.uniform(0, 1, EACH)
    rate = heat + stir - loss + 0.1 * rng.normal(size=EACH)
    rows = np.column_stack([heat, stir, rate]).tolist()
    return [dict(zip(("heat", "stir", "rate"), row, strict=True)) for row in rows]


def messages(rows: list[dict[str, float]]) -> list[Raw]:
    return [
        raw(i, fields(row, name=f"r{i}", time=text_time(START + 3600 * i)))
        for i, row in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def player() -> Player:
    rng = np.random.default_rng(0)
    rows = [row for region in range(REGIONS) for row in records(region, rng)]
    rows += records(REGIONS - 1, rng, loss=0.2)
    made = Player(PLANS, messages(rows), Heavy())
    made.play()
    return made


def test_batches_follow_it_and_nothing_is_halted(player: Player) -> None:
    found = player.findings["opv"]
    kinds = [each.get("kind") for each in found]
    assert "planner-moved" in kinds
    assert "collapse" not in kinds
    assert len(player.batches) >= 3
    guard = player.watch.streams["opv"].desk.guard
    assert not guard.halted


def test_validation_rows_are_of_where_it_is_now(player: Player) -> None:
    before = Player(PLANS, player.log[:FAULT], player.heavy)
    before.play()
    guard = before.watch.streams["opv"].desk.guard.guard
    assert guard is not None
    validation: Block = guard.validation
    assert validation.number("heat").min() > 1.0


def test_a_loss_is_found_where_the_first_reference_knew_nothing(player: Player) -> None:
    alarms = [each for each in player.findings["opv"] if each.get("kind") == "drift"]
    assert FAULT < alarms[0]["record"] < FAULT + 60
    assert alarms[0]["evidence"]["columns"] == ["rate"]


def test_each_new_reference_is_told(player: Player) -> None:
    told = [
        each["text"]
        for each in player.findings["opv"]
        if each.get("kind") == "planner-moved" and "are the reference now" in each["text"]
    ]
    assert len(told) >= 6  # each begins and ends at once
    assert told[0].startswith("the planner has left the set-points that the reference knew: rec")


def test_rows_stop_only_where_the_planner_will_have_left() -> None:
    rng = np.random.default_rng(2)
    known = Player(PLANS, messages(records(0, rng)), Heavy())
    known.play()
    watch = known.watch.streams["opv"]
    assert (watch.records, watch.drift.start) == (240, 120)
    # It is looked for every 60 records, and those of a reference, 120, tell.
    assert leaves_at(watch, rows_from(watch.plan, records(0, rng), 240)) == FAR
    leaving = rows_from(watch.plan, [*records(0, rng)[:40], *records(4, rng)], 240)
    assert leaves_at(watch, leaving) == 360  # at 300, 20 of the latest 120 are elsewhere; then 80
    assert leaves_at(watch, leaving[:119]) == FAR


def test_a_backtest_tells_it_too() -> None:
    rng = np.random.default_rng(1)
    rows = [row for region in (0, 1, 2) for row in records(region, rng)]
    plan = PLANS["opv"]
    alarms = backtest(plan, Block.from_rows(plan.table, rows))["alarms"]
    told = [each for each in alarms if "are the reference now" in each["text"]]
    assert told
    assert {each["kind"] for each in told} == {"planner"}
    assert all(each["columns"] == ["heat", "stir"] for each in told)


def test_cuts_and_restarts_change_nothing(player: Player) -> None:
    places = range(50, len(player.log), 170)
    other = Player(PLANS, player.log, player.heavy)
    told = other.play(cuts=range(7, len(player.log), 31), stops=places)
    same(told, Told(player.findings, player.rejects, orjson.dumps(player.watch.state())))
