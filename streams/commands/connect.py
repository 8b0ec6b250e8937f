"""``halflife connect``: instruments connected, or what one of them would say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import STDOUT, OutputFile, json_option, lab_option, read_settings, write_log

if TYPE_CHECKING:
    from halflife.schemas.lab import Lab
    from halflife.schemas.sources.source_plan import SourcePlan


@click.command("connect")
@click.argument("name", required=False)
@lab_option()
@click.option("--dry-run", is_flag=True, help="Only show what NAME says, and change nothing.")
@click.option(
    "--records",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many, in a dry run; roles are guessed better from 200.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=10.0,
    show_default=True,
    help="How long a dry run listens.",
)
@click.option(
    "-o", "--out", type=OutputFile(), metavar="FILE", help="Write the proposed lab file, new."
)
@json_option()
def command(  # noqa: PLR0917  # click gives them by name
    name: str | None,
    lab_file: Path,
    dry_run: bool,
    records: int,
    seconds: float,
    out: Path | None,
    json_file: Path | None,
) -> int:
    """Run one connect worker until it is told to end (SIGTERM, Ctrl-C).

    It reads the sources of the lab file, or NAME alone, and takes records over HTTP at
    HALFLIFE_CONNECT_PORT. It needs HALFLIFE_BROKER. Several of them, on several machines, share
    the sources.

    With --dry-run it shows the first records of the source NAME as Halflife would understand them,
    and proposes a lab file, with roles guessed from names, units and movement. No Kafka of
    Halflife is needed, and the source may be there before its stream is.
    """
    if dry_run:
        return _dry_run(
            name=name,
            lab_file=lab_file,
            records=records,
            seconds=seconds,
            out=out,
            json_file=json_file,
        )
    if out is not None or json_file is not None:
        raise click.UsageError("-o and --json belong to --dry-run")
    from halflife.schemas.lab import Lab

    write_log()
    lab, settings = Lab.read(lab_file), read_settings()
    group = "connect"
    if name is not None:
        # A group of its own: those who share all sources must not count on this one for others.
        group = f"connect-{name}"
        lab = lab.model_copy(update={"sources": {name: _source(lab, name, lab_file)}})
    from halflife.streams.connectors.main import run_connect

    return run_connect(lab, settings, os.environ, group=group)


def _source(lab: Lab, name: str | None, lab_file: Path) -> SourcePlan:
    """The source of a name; the only one if none is said.

    Raises:
        click.UsageError: For one that is not there, with those that are.
    """
    names = ", ".join(lab.sources) or "none"
    if name is None:
        if len(lab.sources) != 1:
            raise click.UsageError(f"say which source of {lab_file}. There are: {names}")
        return next(iter(lab.sources.values()))
    if name not in lab.sources:
        from halflife.schemas.near import did_you_mean

        near = did_you_mean(name, lab.sources)
        raise click.UsageError(f"no source {name!r} in {lab_file}{near} There are: {names}")
    return lab.sources[name]


def _dry_run(
    *,
    name: str | None,
    lab_file: Path,
    records: int,
    seconds: float,
    out: Path | None,
    json_file: Path | None,
) -> int:
    import asyncio
    import tomllib

    from halflife.schemas.lab import Lab
    from halflife.streams.connectors.listening import listen

    from .dry_run import DryRun
    from .output import progress, terminal, write_json

    lab = Lab.read(lab_file, loose=True)
    plan = _source(lab, name, lab_file)
    if out is not None and out.exists():
        raise click.UsageError(f"{out} is there already: name another file with -o")
    table = tomllib.loads(lab_file.read_text("utf-8-sig"))["source"][plan.name]
    with progress(f"listening to {plan.name} for at most {seconds:g} s"):
        heard = asyncio.run(
            listen(plan, read_settings(), os.environ, records=records, seconds=seconds)
        )
    found = DryRun.of(heard, plan, lab.streams.get(plan.stream_name), table)
    write_json(json_file, found.as_json())
    if out is not None and found.proposal:
        out.write_text(found.proposal, encoding="utf-8")
    if json_file != STDOUT:
        found.show(terminal(), lab_file, out, seconds)
    return 0 if found.understood and found.understood.records else 1
