"""What people decide: approvals, rejections, faults and notes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import orjson
import pytest

from halflife.schemas.control import Command
from halflife.schemas.errors import MessageError

from .stories import (
    PROMISES,
    START,
    Heavy,
    Player,
    Told,
    fields,
    lab,
    opv_values,
    plans,
    raw,
    same,
    text_time,
)

BEFORE, CHANGED, AFTER = 260, 160, 160
ASK = f'{PROMISES}on_drift = "ask"\ngrace = 10\ncooldown = 60\n'


@pytest.fixture(scope="module")
def heavy() -> Heavy:
    return Heavy()


def order(action: str, **more: Any) -> Command:
    given = {"command_id": f"{action}{more}".encode().hex()[:32].ljust(32, "0"), "stream": "opv"}
    return Command.checked({**given, "action": action, "time": text_time(START), **more})


def log(*, mended: bool = True) -> list[Any]:
    """A lamp that fails, and may be mended; a record a minute."""
    values = opv_values(BEFORE + CHANGED + AFTER, 0, seed=3)
    for row in values[BEFORE : BEFORE + CHANGED if mended else None]:
        row["degradation"] = 2 * row["degradation"] + 1
    return [
        raw(i, fields(row, name=f"r{i}", time=text_time(START + 60 * i)))
        for i, row in enumerate(values)
    ]


def play(heavy: Heavy, orders: dict[int, Command], *, mended: bool = True) -> tuple[Told, Player]:
    player = Player(plans(lab("opv", ASK)), log(mended=mended), heavy, orders=orders)
    return player.play(), player


def found(told: Told, what: str) -> list[dict[str, Any]]:
    keys = {"decision": "command_id", "alert": "alert_id", "request": "approval", "batch": "gate"}
    return [each for each in told.findings["opv"] if keys[what] in each]


def alarm_of(told: Told) -> int:
    return next(int(a["record"]) for a in found(told, "alert") if a["kind"] == "drift")


def approvals(told: Told) -> list[tuple[str, str]]:
    return [(a["status"], a["text"]) for a in found(told, "alert") if a["kind"] == "approval"]


def test_after_a_change_a_batch_waits_until_somebody_approves_it(heavy: Heavy) -> None:
    silent, player = play(heavy, {}, mended=False)
    assert player.watch.streams["opv"].phase == "changed"
    first = player.watch.streams["opv"].circulation
    assert [status for status, _ in approvals(silent)] == ["firing"]
    assert "waits for a person" in approvals(silent)[0][1]
    assert [r["approval"] for r in found(silent, "request")] == [False, True]

    said, player = play(heavy, {415: order("approve", by="ann")}, mended=False)
    watch = player.watch.streams["opv"]
    assert watch.phase == "watched"
    assert watch.circulation is not None
    assert first is not None
    assert watch.circulation.batch.batch_id != first.batch.batch_id
    assert [status for status, _ in approvals(said)] == ["firing", "resolved"]
    assert approvals(said)[1][1].endswith("circulates: approved by ann")
    (decision,) = found(said, "decision")
    assert (decision["outcome"], decision["by"]) == ("done", "ann")
    made_known = [manifest["batch_id"] for manifest in found(said, "batch")]
    assert watch.circulation.batch.batch_id in made_known, "by the monitor, not by who made it"
    drift = [a["status"] for a in found(said, "alert") if a["kind"] == "drift"]
    assert drift[:2] == ["firing", "resolved"]


def test_who_approves_a_change_early_need_not_approve_the_batch(heavy: Heavy) -> None:
    silent, _ = play(heavy, {}, mended=False)
    said, player = play(heavy, {alarm_of(silent) + 5: order("approve")}, mended=False)
    assert found(said, "decision")[0]["outcome"] == "done"
    assert approvals(said) == []
    assert player.watch.streams["opv"].phase == "watched"
    assert [r["cause"] for r in found(said, "request")][:2] == ["first", "drift"]


def test_a_rejected_batch_is_dropped_and_another_tried_with_more_records(heavy: Heavy) -> None:
    said, player = play(heavy, {400: order("reject", reason="lamp is old", by="bo")}, mended=False)
    assert [s for s, _ in approvals(said)][:2] == ["firing", "resolved"]
    assert "rejected by bo: lamp is old" in approvals(said)[1][1]
    asked = [r["record"] for r in found(said, "request")]
    assert len(asked) == 3
    assert asked[2] == 400 + 60 - 1
    assert player.watch.streams["opv"].phase == "changed"


def test_what_cannot_be_done_is_refused_with_the_reason(heavy: Heavy) -> None:
    orders = {
        50: order("approve"),
        60: order("reject"),
        70: order("fault", first=10, last=70),
        415: order("approve", batch_id="0" * 32),
    }
    said, _ = play(heavy, orders)
    texts = [(d["outcome"], d["text"]) for d in found(said, "decision")]
    assert {outcome for outcome, _ in texts} == {"refused"}
    assert "no batch waits" in texts[0][1]
    assert "no batch waits" in texts[1][1]
    assert "the stream has 70 records" in texts[2][1]
    assert "the batch that waits is" in texts[3][1]


def test_a_change_that_was_a_fault_is_called_off(heavy: Heavy) -> None:
    mended = BEFORE + CHANGED
    fault = order("fault", first=BEFORE, last=mended - 1, by="ann", reason="wrong bottle")
    said, player = play(heavy, {mended: fault})
    watch = player.watch.streams["opv"]
    assert watch.phase == "watched"
    assert watch.epoch == 0
    (decision,) = found(said, "decision")
    assert "called off" in decision["text"]
    drift = [(a["status"], a["record"]) for a in found(said, "alert") if a["kind"] == "drift"]
    assert [status for status, _ in drift] == ["firing", "resolved"], "and quiet after it"
    assert drift[1][1] == mended - 1
    assert [s for s, _ in approvals(said)] in ([], ["firing", "resolved"])
    addresses = watch.memory.latest(watch.memory.capacity).addresses >> 20
    assert not np.isin(addresses, np.arange(BEFORE, mended)).any()


def test_a_reference_that_held_a_fault_is_learnt_again_without_it(heavy: Heavy) -> None:
    said, player = play(heavy, {130: order("fault", first=100, last=109)})
    watch = player.watch.streams["opv"]
    (decision,) = found(said, "decision")
    assert "the reference held some of them" in decision["text"]
    assert "a new one is asked for" in decision["text"]
    causes = [r["cause"] for r in found(said, "request")]
    assert causes[:2] == ["first", "hand"]
    window = found(said, "request")[1]["window"]
    assert {tuple(place) for place in window["repeats"]} >= {(i, 0) for i in range(100, 110)}
    assert watch.drift.reference_rows in {0, 120}


def test_a_note_changes_nothing_else(heavy: Heavy) -> None:
    without, _ = play(heavy, {})
    noted, _ = play(heavy, {300: order("annotate", reason="new bottle", first=290, last=295)})
    (decision,) = found(noted, "decision")
    assert (decision["outcome"], decision["reason"]) == ("done", "new bottle")
    rest = [f for f in noted.findings["opv"] if f is not decision]
    assert rest == without.findings["opv"]


@pytest.mark.parametrize("seed", range(3))
def test_kills_and_cuts_change_nothing(heavy: Heavy, seed: int) -> None:
    orders = {
        130: order("fault", first=100, last=109),
        300: order("annotate", reason="hm"),
        400: order("reject"),
        BEFORE + CHANGED: order("fault", first=BEFORE, last=BEFORE + CHANGED - 1),
    }
    whole, _ = play(heavy, orders)
    rng = np.random.default_rng(seed)
    player = Player(plans(lab("opv", ASK)), log(), heavy, orders=orders, early=bool(seed % 2))
    cuts, stops = (rng.integers(1, len(log()), n).tolist() for n in (9, 7))
    same(whole, player.play(cuts, stops))


@pytest.mark.parametrize(
    ("fields_", "said"),
    [
        ({"action": "fault"}, "needs the first and the last record"),
        ({"action": "fault", "first": 3}, "due together"),
        ({"action": "fault", "first": 3, "last": 1}, "stands behind"),
        ({"action": "annotate", "reason": " "}, "needs a reason"),
        ({"action": "shrug"}, "regenerate"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_its_field(
    fields_: dict[str, Any], said: str
) -> None:
    with pytest.raises(MessageError, match=said):
        order(**fields_)


def test_orders_of_all_kinds_survive_the_wire() -> None:
    for action in ("regenerate", "approve", "reject"):
        assert Command.from_bytes(order(action, by="ann").to_bytes()).by == "ann"
    assert orjson.loads(order("fault", first=1, last=2).to_bytes())["last"] == 2
    assert len({o.command_id for o in itertools.starmap(order, [("approve",), ("reject",)])}) == 2
