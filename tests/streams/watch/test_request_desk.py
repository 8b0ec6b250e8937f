"""Who may ask when: rows, cooldown, budget, one at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from halflife.schemas.messages import RegenerationOutcome, RegenerationRequest
from halflife.schemas.window import Window
from halflife.streams.watch.request_desk import DAY, RequestDesk

from .stories import lab, plans

PLAN = plans(lab("opv", "reference = 300\nmin_rows = 100\ngrace = 10\ncooldown = 50\nbudget = 2"))
WINDOW = Window(partition=0, first=0, last=9, count=10, digest="0" * 32)


def desk() -> RequestDesk:
    return RequestDesk(PLAN["opv"])


def request(record: int = 99) -> RegenerationRequest:
    return RegenerationRequest(
        request_id=f"{record:032x}",
        stream="opv",
        cause="first",
        window=WINDOW,
        record=record,
        offset=record,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        champion=None,
        seed=0,
        plan=PLAN["opv"].digest,
        text="a test",
    )


def outcome(record: int = 99) -> RegenerationOutcome:
    return RegenerationOutcome(
        request_id=f"{record:032x}",
        stream="opv",
        cause="first",
        outcome="failed",
        batch=None,
        verdict=None,
        text="a test",
        attempts=3,
        seconds=1.0,
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )


def made(record: int, seconds: float, epoch: int = 0) -> RequestDesk:
    one = desk()
    one.make(request(record), records=record + 1, seconds=seconds, epoch=epoch)
    one.answer(None, None)
    one.close()
    return one


def allowed(one: RequestDesk, cause: str = "fidelity", **more: Any) -> bool:
    asked = {"rows": 100, "records": 1000, "seconds": 0.0, "epoch": 0}
    return one.allows(cause, **{**asked, **more})


def test_enough_rows_are_needed_whoever_asks() -> None:
    assert allowed(desk())
    assert not allowed(desk(), rows=99)
    assert not allowed(desk(), "hand", rows=99)


def test_one_at_a_time() -> None:
    one = desk()
    one.make(request(), records=100, seconds=0.0, epoch=0)
    assert not allowed(one, "hand")
    one.answer(None, None)
    assert not allowed(one, "hand")  # answered, but it has not taken effect yet
    one.close()
    assert allowed(one, "hand")


def test_not_too_soon_but_for_a_person_or_after_a_change() -> None:
    one = made(record=99, seconds=0.0)
    assert not allowed(one, records=149)
    assert allowed(one, records=150)
    assert allowed(one, "hand", records=101)
    assert allowed(one, "drift", records=101, epoch=1)


def test_not_too_often_in_a_day_of_event_time_but_for_a_person() -> None:
    one = made(record=99, seconds=0.0)
    one.make(request(199), records=200, seconds=10.0, epoch=0)
    one.answer(None, None)
    one.close()
    assert not allowed(one, seconds=DAY - 1)
    assert allowed(one, "hand", seconds=DAY - 1)
    assert allowed(one, seconds=DAY)  # the first of the two is a day ago


def test_an_answer_waits_for_its_record_and_a_record_for_its_answer() -> None:
    one = desk()
    assert not one.waits(10**9)
    one.make(request(99), records=100, seconds=0.0, epoch=0)
    assert one.effect == 110
    assert [one.waits(n) for n in (109, 110, 111)] == [False, True, True]
    assert not one.answer(outcome(7), None)  # of another request
    assert one.waits(110)
    assert one.answer(outcome(99), None)
    assert not one.answer(outcome(99), None)  # a second time
    assert not one.waits(110)
    assert one.close() == (request(99), outcome(99), None)


def test_nothing_can_be_closed_without_an_answer() -> None:
    one = desk()
    with pytest.raises(RuntimeError, match="no answered request"):
        one.close()


def test_a_state_is_exact() -> None:
    one = desk()
    one.make(request(99), records=100, seconds=0.1 + 0.2, epoch=3)
    one.answer(outcome(99), None)
    again = desk()
    again.restore(orjson.loads(orjson.dumps(one.state())))
    assert again.state() == one.state()
    assert again.pending == one.pending
    assert again.outcome == one.outcome
    assert again.made == one.made


def undecided(more: int) -> RegenerationOutcome:
    said = {"outcome": "undecided", "more_records": more}
    return outcome().model_copy(update=said)


def test_what_the_gate_cannot_tell_is_asked_again_when_the_records_are_there() -> None:
    one = desk()
    drift = request(99).model_copy(update={"cause": "drift"})
    assert one.again(drift, undecided(120), object(), epoch=0) == (
        "drift",
        "again, with more records",
    )
    assert one.rests_until(0) == 220
    assert not allowed(one, records=219)
    assert allowed(one, records=220)
    assert allowed(one, "hand", records=150)
    assert one.rests_until(1) == 0  # another epoch owes nothing to this one


def test_no_wait_is_longer_than_a_window_nor_shorter_than_the_cooldown() -> None:
    one = desk()
    one.again(request(99), undecided(5000), object(), epoch=0)
    assert one.rests_until(0) == 100 + 300
    one.again(request(99), undecided(10), object(), epoch=0)
    assert one.rests_until(0) == 100 + 50
    other = desk()
    other.restore(orjson.loads(orjson.dumps(one.state())))
    assert other.rests_until(0) == one.rests_until(0)


def test_only_what_is_known_to_be_stale_is_asked_for_again_after_a_rejection() -> None:
    one = desk()
    rejected = outcome().model_copy(update={"outcome": "rejected"})
    asked = {
        cause: request().model_copy(update={"cause": cause}) for cause in ("drift", "forecast")
    }
    assert one.again(asked["forecast"], rejected, object(), epoch=0) is None
    assert one.again(asked["forecast"], rejected, None, epoch=0) == (
        "first",
        "again, with more records",
    )
    assert one.again(asked["drift"], rejected, object(), epoch=0) == (
        "drift",
        "again, with more records",
    )
    assert one.rests_until(0) == 0
