"""``halflife decide``: what only a person can know, told to the workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from halflife.schemas.decision import Decision

    from .topic_reader import TopicReader

_ACTIONS: Final = ("approve", "reject", "fault", "annotate")


class Stretch(click.ParamType):
    """Records by their numbers, from 0 on: ``FIRST:LAST``, both among them."""

    name = "FIRST:LAST"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two numbers."""
        if isinstance(value, tuple):
            return value
        first, colon, last = str(value).partition(":")
        if not colon or not first.strip().isdecimal() or not last.strip().isdecimal():
            self.fail(f"{value!r} is no stretch of records, such as 1040:1092", param, ctx)
        return int(first), int(last)


@click.command("decide")
@click.argument("stream")
@click.argument("action", type=click.Choice(_ACTIONS))
@click.option("--records", type=Stretch(), help="The records that are meant.")
@click.option("--batch", metavar="ID", help="The batch that is meant; default: the one that waits.")
@click.option("--reason", default="", metavar="TEXT", help="Why, or what there is to note.")
@click.option("--by", metavar="NAME", help="Who decides; default: whoever is logged in.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a worker.",
)
def command(
    *,
    stream: str,
    action: str,
    records: tuple[int, int] | None,
    batch: str | None,
    reason: str,
    by: str | None,
    timeout: float,
) -> int:
    r"""Approve or reject a batch, mark records as a fault, or note something.

    \b
    approve   the batch that waits circulates (a stream with on_drift = "ask")
    reject    it is dropped; another is tried with more records
    fault     --records were an instrument's fault: no training and no reference has them
    annotate  --reason is kept with the stream's history

    Exit status 0 if it was done, 1 if it was refused or nobody answered in time.
    """
    from halflife.schemas.errors import MessageError

    from .orders import new_order, publish
    from .reach import reach
    from .topic_reader import TopicReader

    first, last = records or (None, None)
    try:
        order = new_order(
            stream, action, by=by, reason=reason, batch_id=batch, first=first, last=last
        )
    except MessageError as error:
        raise click.UsageError(str(error)) from error
    settings, topics = reach()
    with TopicReader(settings) as reader:
        reader.begin_following([topics.decisions])
        publish(settings, topics, order)
        decision = _decision(reader, order.command_id, timeout, time.monotonic)
    click.echo(decision.text if decision.outcome == "done" else f"refused: {decision.text}")
    return 0 if decision.outcome == "done" else 1


def _decision(
    reader: TopicReader, command_id: str, timeout: float, clock: Callable[[], float]
) -> Decision:
    """Waits for what came of an order.

    Raises:
        BrokerError: If nothing is heard in time.
    """
    from halflife.schemas.decision import Decision
    from halflife.streams.broker.broker_error import BrokerError

    from .topic_reader import parsed

    deadline = clock() + timeout
    while clock() < deadline:
        for decision in parsed(Decision, reader.follow()):
            if decision.command_id == command_id:
                return decision
    raise BrokerError(
        f"no worker took up the order within {timeout:g} s: is a monitor worker running, and does "
        "its lab file have such a stream, with records? The order stands: it is carried out later"
    )
