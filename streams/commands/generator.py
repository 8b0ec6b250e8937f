"""``halflife generator``: one generator worker."""

from __future__ import annotations

from pathlib import Path

import click

from .options import lab_option, read_settings, write_log


@click.command("generator")
@lab_option()
def command(lab_file: Path) -> int:
    """Run one generator worker until it is told to end (SIGTERM, Ctrl-C).

    It needs HALFLIFE_BROKER, and uses a GPU where there is one.
    """
    from halflife.schemas.lab import Lab

    write_log()
    lab, settings = Lab.read(lab_file), read_settings()
    from halflife.streams.generator.main import run_generator

    return run_generator(lab, settings)
