"""``halflife monitor``: one monitor worker."""

from __future__ import annotations

from pathlib import Path

import click

from .options import lab_option, read_settings, write_log


@click.command("monitor")
@lab_option()
def command(lab_file: Path) -> int:
    """Run one monitor worker until it is told to end (SIGTERM, Ctrl-C).

    It needs HALFLIFE_BROKER. Start as many as there are partitions; they share the streams.
    """
    from halflife.schemas.lab import Lab

    write_log()
    lab, settings = Lab.read(lab_file), read_settings()
    from halflife.streams.monitor.main import run_monitor

    return run_monitor(lab, settings)
