"""``halflife regenerate``: the order that it gives, and the outcome that it waits for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from halflife.schemas.messages import Command, RegenerationOutcome, RegenerationRequest, Window

from .terminal import Case, wait_for

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_regenerate_gives_its_order_to_the_worker(case: Case) -> None:
    said = case.say("regenerate", "gas", "--reason", "new lamp", "--no-wait")
    assert "asked for a new batch of gas" in said
    message = case.read(case.topics.control)[0]
    order = Command.from_bytes(message.value)
    assert (message.key, order.stream, order.action) == (b"gas", "gas", "regenerate")
    assert order.reason == "new lamp"


def test_regenerate_says_when_nobody_listens(case: Case) -> None:
    said = case.say("regenerate", "gas", "--timeout", "1", status=1)
    assert "no worker took up the order" in said


@pytest.mark.parametrize(("outcome", "status"), [("promoted", 0), ("rejected", 0), ("failed", 1)])
def test_regenerate_waits_for_its_own_outcome(case: Case, outcome: str, status: int) -> None:
    process = case.start("regenerate", "gas", "--timeout", "60")
    wait_for(lambda: case.read(case.topics.control))
    for stream, number in (("air", "1"), ("gas", "2")):
        request = RegenerationRequest(
            request_id=number * 32, stream=stream, cause="hand", record=200, offset=200, time=NOW,
            window=Window(partition=0, first=0, last=9, count=10, digest="d"), champion=None,
            seed=1, plan="e", text="asked for by hand",
        )  # fmt: skip
        answer = RegenerationOutcome.checked(
            {
                "request_id": number * 32, "stream": stream, "cause": "hand", "batch": None,
                "outcome": outcome, "verdict": None, "text": f"the verdict on {stream}",
                "attempts": 1, "seconds": 1.0, "created": NOW.isoformat(),
            }
        )  # fmt: skip
        case.publish(request, answer)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.splitlines()[-1] == f"{outcome}: the verdict on gas"
