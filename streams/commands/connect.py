"""``halflife connect``: instruments connected, or what one of them would say."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .options import lab_option, read_settings, write_log


@click.command("connect")
@lab_option()
def command(lab_file: Path) -> int:
    """Run one connect worker until it is told to end (SIGTERM, Ctrl-C).

    It reads the sources of the lab file, and takes records over HTTP at HALFLIFE_CONNECT_PORT. It
    needs HALFLIFE_BROKER. Several of them, on several machines, share the sources.
    """
    from halflife.schemas.lab import Lab

    write_log()
    lab, settings = Lab.read(lab_file), read_settings()
    from halflife.streams.connectors.main import run_connect

    return run_connect(lab, settings, os.environ)
