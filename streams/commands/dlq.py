"""``halflife dlq``: dead letters, listed, shown and sent again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import STDOUT, json_option
from .output import printable

if TYPE_CHECKING:
    from halflife.streams.broker.dead_letters import DeadLetters, Found


class Place(click.ParamType):
    """``PARTITION:OFFSET`` of a dead letter."""

    name = "partition:offset"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two numbers."""
        partition, _, offset = str(value).partition(":")
        if not (partition.isdecimal() and offset.isdecimal()):
            self.fail(f"{value!r} is no place such as 0:17, as 'dlq list' shows them", param, ctx)
        return int(partition), int(offset)


@click.group("dlq")
def command() -> None:
    """Messages that could not be used, each with the reason."""


@command.command("list")
@click.option("--stream", metavar="NAME", help="Only those of one stream.")
@click.option("--reason", metavar="R", help="Only those with this reason, such as wrong-type.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The newest."
)
@json_option()
def list_(stream: str | None, reason: str | None, limit: int, json_file: Path | None) -> None:
    """List the newest dead letters, newest last."""
    from .output import grid, terminal, write_json

    found = [
        one
        for one in _letters().newest(limit)
        if (reason is None or one.letter.reason == reason)
        and (stream is None or _stream(one) == stream)
    ]
    write_json(json_file, [_as_json(one) for one in found])
    if json_file == STDOUT:
        return
    console = terminal()
    if not found:
        console.print("no dead letters" + (" like that" if stream or reason else ""))
        return
    table = grid("place", "time", "stream", "reason", "where", "what")
    for one in found:
        letter = one.letter
        written = f"{one.time:%Y-%m-%d %H:%M:%S}"
        where = ": ".join(filter(None, (letter.address, letter.path)))
        said = (printable(text) for text in (letter.reason, where, letter.text))
        table.add_row(one.place, written, _stream(one), *said)
    console.print(table)


@command.command("show")
@click.argument("place", type=Place())
@json_option()
def show(place: tuple[int, int], json_file: Path | None) -> None:
    """Show one dead letter whole: why, where from, and its bytes."""
    from .output import write_json

    found = _letters().show(*place)
    write_json(json_file, _as_json(found))
    if json_file == STDOUT:
        return
    letter = found.letter
    where = letter.path and f" at {letter.path}"
    click.echo(printable(f"{letter.reason}{where}: {letter.text}"))
    if letter.source:
        click.echo(printable(f"from the source {letter.source}, {letter.address}"))
        if letter.topic:
            click.echo(f"on its way to {letter.topic}: 'dlq resend' sends it there")
    else:
        click.echo(f"from {letter.topic}, partition {letter.partition}, offset {letter.offset}")
    click.echo(f"key {_text(letter.key)!r}, written {found.time:%Y-%m-%d %H:%M:%S} UTC")
    for name, value in letter.headers:
        click.echo(printable(f"header {name}: {_text(value)}"))
    if not letter.whole:
        click.echo(f"cut off: the message had {letter.size} bytes")
    click.echo(_text(letter.value))


@command.command("resend")
@click.argument("place", type=Place(), required=False)
@click.option("--all", "everything", is_flag=True, help="All with the reason of --reason.")
@click.option("--reason", metavar="R", help="Which, with --all.")
@click.option("--topic", metavar="NAME", help="Where to; default: where it came from.")
def resend(
    place: tuple[int, int] | None, everything: bool, reason: str | None, topic: str | None
) -> int:
    """Send a dead letter again, as it came: after the lab file was put right, for example.

    A record that was counted meanwhile is seen as a repeat, so sending it twice does no harm. One
    that came back as a new dead letter is left out by --all: the new one goes in its place.
    """
    if (place is None) != everything or everything != (reason is not None):
        raise click.UsageError("say either PARTITION:OFFSET, or --all with --reason")
    from halflife.streams.broker.dead_letter import RESENT

    letters = _letters()
    if place is not None:
        click.echo(f"sent again as {letters.resend(*place, topic=topic)}")
        return 0
    from .output import progress

    found = letters.newest(_MOST)
    came_back = {value.decode() for one in found for n, value in one.letter.headers if n == RESENT}
    chosen = [
        one
        for one in found
        if one.letter.reason == reason and one.letter.whole and one.place not in came_back
    ]
    with progress("sending again", len(chosen)) as tell:
        for i, _ in enumerate(letters.resend_all(chosen, topic=topic), start=1):
            tell(i, len(chosen), "")
    click.echo(f"sent {len(chosen)} dead letters again")
    return 0


_MOST = 10_000


def _letters() -> DeadLetters:
    from halflife.streams.broker.dead_letters import DeadLetters

    from .reach import reach

    settings, topics = reach()
    return DeadLetters(settings, topics.dead_letters)


def _stream(found: Found) -> str:
    return _text(found.letter.key)


def _text(content: bytes | None) -> str:
    return printable((content or b"").decode("utf-8", "backslashreplace"))


def _as_json(found: Found) -> dict[str, Any]:
    letter = found.letter
    return {
        "place": found.place,
        "time": found.time.isoformat(),
        "stream": _stream(found),
        "reason": letter.reason,
        "path": letter.path,
        "text": letter.text,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "source": letter.source,
        "address": letter.address,
        "value": _text(letter.value),
        "headers": {name: _text(value) for name, value in letter.headers},
        "whole": letter.whole,
    }
