"""``halflife regenerate``: a new batch, asked for by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from halflife.schemas.regeneration import RegenerationOutcome

    from .output import Tell
    from .topic_reader import TopicReader


@click.command("regenerate")
@click.argument("stream")
@click.option("--reason", default="", metavar="TEXT", help="Why, for who looks back.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the outcome.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=900.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait.",
)
def command(stream: str, reason: str, no_wait: bool, timeout: float) -> int:
    """Ask for a new synthetic batch of a stream, and wait for the verdict of the gate.

    The new batch is judged like any other: it replaces the old one only if it is better. Exit
    status 0 if it was promoted or rejected, 1 if training failed or nothing was heard in time.
    """
    from .orders import new_order, publish
    from .output import progress
    from .reach import reach
    from .topic_reader import TopicReader

    settings, topics = reach()
    order = new_order(stream, "regenerate", reason=reason)
    with TopicReader(settings) as reader:
        reader.begin_following([topics.regenerations, topics.progress])
        publish(settings, topics, order)
        if no_wait:
            click.echo(f"asked for a new batch of {stream}")
            return 0
        with progress(f"asked for a new batch of {stream}") as tell:
            outcome = _outcome(reader, stream, timeout, time.monotonic, tell)
    told = outcome.text.startswith(outcome.outcome)
    click.echo(outcome.text if told else f"{outcome.outcome}: {outcome.text}")
    return 1 if outcome.outcome == "failed" else 0


def _outcome(
    reader: TopicReader, stream: str, timeout: float, clock: Callable[[], float], tell: Tell
) -> RegenerationOutcome:
    """Waits for the answer to the first request by hand of a stream.

    Raises:
        BrokerError: If none comes in time, with what was heard.
    """
    from halflife.schemas.progress import TrainingProgress
    from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest
    from halflife.streams.broker.broker_error import BrokerError

    from .topic_reader import parsed

    deadline = clock() + timeout
    request: str | None = None
    while clock() < deadline:
        messages: list[Any] = reader.follow()
        for asked in parsed(RegenerationRequest, messages):
            if request is None and asked.stream == stream and asked.cause == "hand":
                request = asked.request_id
                tell(0, None, f"{stream}: {asked.text}")
        for step in parsed(TrainingProgress, messages):
            if step.request_id == request:
                tell(step.step, step.steps or None, f"{stream}: {step.phase}")
        for outcome in parsed(RegenerationOutcome, messages):
            if outcome.request_id == request:
                return outcome
    if request is None:
        raise BrokerError(
            f"no worker took up the order within {timeout:g} s: is a monitor worker running, and "
            f"does its lab file have a stream {stream!r} with enough records?"
        )
    raise BrokerError(
        f"request {request[:12]} has no outcome after {timeout:g} s: is a generator worker running?"
    )
