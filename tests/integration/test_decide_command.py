"""``halflife decide``: the order that it gives, and what comes of it."""

from __future__ import annotations

import pytest

from halflife.schemas.messages import Command, Decision

from .terminal import Case, wait_for


def test_it_gives_its_order_to_the_worker(case: Case) -> None:
    said = case.say(
        "decide", "gas", "fault", "--records", "3:9", "--by", "ann", "--timeout", "1", status=1
    )
    assert "no worker took up the order" in said
    message = case.read(case.topics.control)[0]
    order = Command.from_bytes(message.value)
    assert (message.key, order.action, order.by) == (b"gas", "fault", "ann")
    assert (order.first, order.last) == (3, 9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("fault",), "needs the first and the last record"),
        (("fault", "--records", "9:3"), "stands behind"),
        (("fault", "--records", "some"), "is no stretch of records"),
        (("annotate",), "needs a reason"),
        (("approve", "--batch", "x"), "batch_id"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_sent(
    case: Case, given: tuple[str, ...], said: str
) -> None:
    assert said in case.say("decide", "gas", *given, status=2)


@pytest.mark.parametrize(("outcome", "status"), [("done", 0), ("refused", 1)])
def test_it_waits_for_what_came_of_its_own_order(case: Case, outcome: str, status: int) -> None:
    process = case.start("decide", "gas", "approve", "--timeout", "60")
    wait_for(lambda: case.read(case.topics.control))
    order = Command.from_bytes(case.read(case.topics.control)[0].value)
    for number, text in (("1" * 32, "of another"), (order.command_id, "the verdict")):
        case.publish(
            Decision(
                command_id=number, stream="gas", action="approve", outcome=outcome, text=text,
                records=9, time=order.time,
            )  # type: ignore[arg-type]  # one of two words
        )  # fmt: skip
    said, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.splitlines()[-1] == ("the verdict" if status == 0 else "refused: the verdict")
