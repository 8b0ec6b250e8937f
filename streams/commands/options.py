"""Options that several commands share, and the checks that go with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from halflife.schemas.lab import Lab
    from halflife.schemas.settings import Settings
    from halflife.schemas.stream_plan import StreamPlan

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

STDOUT: Final = Path("-")


class OutputFile(click.ParamType):
    """A file that will be written: its folder must be there now, not after the work is done.

    Args:
        dash: Whether ``-`` means standard output.
    """

    name = "file"

    def __init__(self, *, dash: bool = False) -> None:
        self._dash = dash

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; ``STDOUT`` for a dash."""
        path = Path(value)
        if self._dash and path == STDOUT:
            return path
        if path.is_dir():
            self.fail(f"{path} is a folder", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"{path}: there is no folder {path.parent}", param, ctx)
        return path


def lab_option(*, required: bool = True) -> Decorator:
    """``--lab FILE``."""
    return click.option(
        "--lab",
        "lab_file",
        type=click.Path(path_type=Path),
        required=required,
        metavar="FILE",
        help="The lab file (TOML).",
    )


def stream_option() -> Decorator:
    """``--stream NAME``: which stream of the lab file."""
    return click.option(
        "--stream",
        metavar="NAME",
        help="Which stream of the lab file; may be left out if there is only one.",
    )


def json_option() -> Decorator:
    """``--json FILE``: the same as data."""
    return click.option(
        "--json",
        "json_file",
        type=OutputFile(dash=True),
        metavar="FILE",
        help="Write the result as JSON; - for standard output, in place of the table.",
    )


def html_option() -> Decorator:
    """``--html FILE``: the same as a page."""
    return click.option(
        "--html",
        type=OutputFile(),
        metavar="FILE",
        help="Write a page for the browser: self-contained, for a talk or for paper.",
    )


def seed_option() -> Decorator:
    """``--seed K``."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        metavar="K",
        help="Same seed, same result; default: the seed of the stream in the lab file.",
    )


def data_argument(name: str, help_name: str) -> Decorator:
    """A CSV that is read; whether it can be is found when it is."""
    return click.argument(name, type=click.Path(path_type=Path), metavar=help_name)


def choose_stream(lab: Lab, stream: str | None, lab_file: Path) -> StreamPlan:
    """The stream of a lab that was asked for; the only one if none was.

    Raises:
        click.UsageError: For one that is not there, with those that are.
    """
    names = list(lab.streams)
    if stream is None:
        if len(names) > 1:
            raise click.UsageError(
                f"{lab_file} has {len(names)} streams: say --stream with one of {', '.join(names)}"
            )
        stream = names[0]
    if stream not in lab.streams:
        from halflife.schemas.near import did_you_mean

        near = did_you_mean(stream, names)
        raise click.UsageError(
            f"no stream {stream!r} in {lab_file}{near}. There are: {', '.join(names)}"
        )
    return lab.streams[stream]


def read_plan(lab_file: Path, stream: str | None) -> StreamPlan:
    """One stream of a lab file.

    Raises:
        LabFileError: With every problem of the file.
        click.UsageError: For a stream that is not in it.
    """
    from halflife.schemas.lab import Lab

    return choose_stream(Lab.read(lab_file), stream, lab_file)


def refuse_overwriting(output: Path, *inputs: Path | None) -> None:
    """Refuses an output that is one of the inputs.

    Raises:
        click.UsageError: Naming it.
    """
    for path in inputs:
        if path is not None and output.exists() and path.exists() and output.samefile(path):
            raise click.UsageError(f"{output} is read: write to another file")


def read_settings() -> Settings:
    """The settings of this machine, out of its environment variables.

    Raises:
        SettingsError: With every problem.
    """
    import os

    from halflife.schemas.settings import Settings

    return Settings.from_environment(os.environ)


def write_log() -> None:
    """Log lines go to standard error: our own from INFO on, those of libraries from WARNING on."""
    import logging

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("halflife").setLevel(logging.INFO)
