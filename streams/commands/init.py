"""``halflife init``: a lab file from a CSV."""

from __future__ import annotations

from pathlib import Path

import click

from .options import OutputFile, data_argument


@click.command("init")
@data_argument("data", "DATA.csv")
@click.option(
    "-o",
    "--out",
    type=OutputFile(),
    default="lab.toml",
    show_default=True,
    metavar="FILE",
    help="The lab file to write.",
)
@click.option("--stream", metavar="NAME", help="Name of the stream; default: that of the CSV.")
@click.option("--force", is_flag=True, help="Replace the lab file if it is there.")
def command(data: Path, out: Path, stream: str | None, force: bool) -> None:
    """Write a lab file from a CSV, with a comment on each guess.

    Columns get roles, kinds, ranges and, where all rows obey them, laws. Nothing is certain
    before somebody who knows the experiment has looked it over.
    """
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already: name another with -o, or say --force")
    from halflife.schemas.guess import guess_lab
    from halflife.schemas.lab import Lab
    from halflife.streams.tables import read_table

    from .options import refuse_overwriting

    refuse_overwriting(out, data)
    frame = read_table(data)
    text = guess_lab(frame, stream=stream or stream_name(data), source=data.name)
    plan = next(iter(Lab.parse(text, source=str(out)).streams.values()))
    out.write_text(text, encoding="utf-8")
    table = plan.table
    click.echo(
        f"wrote {out}: stream {plan.name}, {len(frame)} records of {len(table.columns)} columns "
        f"({len(table.set_points)} set-points, {len(table.measured)} measured), "
        f"{len(table.laws)} laws"
    )
    click.echo(
        f"Next: look over the roles and units in {out}, then\n"
        f"  halflife check {out}\n"
        f"  halflife backtest {data} --lab {out}"
    )


def stream_name(path: Path) -> str:
    """The name of a file as that of a stream.

    Example:
        >>> stream_name(Path("My Data (2).csv"))
        'my-data-2'
    """
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.stem.lower())
    words = [word for word in kept.split("-") if word]
    return "-".join(words)[:64].rstrip("-") or "stream"
