"""``halflife``: the group of commands, its help on one screen, its exit statuses."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final

import click

from .expected import status_of, text_of

PROGRAM: Final = "halflife"
DONE, FAILED, USED_WRONGLY = 0, 1, 2

SECTIONS: Final = {
    "Offline, on CSV files": {
        "init": "write a lab file from a CSV, with guesses to look over",
        "check": "say what a lab file means, and what is wrong in it",
        "synthesize": "make a synthetic batch from a CSV",
        "report": "how true, useful, private and lawful a synthetic batch is",
        "backtest": "what the monitors would have said about past records",
        "blend": "how much synthetic beside real helps to predict the target",
    },
    "Live, over Kafka": {
        "demo": "the story of the solar cells, from reference to new batch",
        "up": "the whole service on this machine",
        "monitor": "one monitor worker, for production",
        "generator": "one generator worker, for production",
        "connect": "one worker that reads the instruments of a lab file",
        "replay": "a CSV as live records",
    },
    "By hand": {
        "status": "streams, batches, alerts, lag and dead letters at a glance",
        "batches": "the synthetic batches in circulation, and where each came from",
        "regenerate": "ask for a new batch of a stream",
        "decide": "approve or reject a batch, mark a fault, note something",
        "remake": "a batch made again from its manifest, bit for bit",
        "dlq": "list, show and resend dead letters",
    },
}
"""Every command by section: the module of its name holds it, as ``command``."""


class Commands(click.Group):
    """Commands that are imported when they are called, listed by section."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """All names, in the order of the help."""
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f".{cmd_name}", __package__)
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a misspelt one is told what was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from halflife.schemas.near import did_you_mean

            error.message = error.message.rstrip(".") + did_you_mean(
                args[0], self.list_commands(ctx)
            )
            raise

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One screen: at most 30 lines of 80 characters."""
        formatter.write(f"Usage: {ctx.command_path} [--version] COMMAND ...\n{self.help}\n")
        for section, commands in SECTIONS.items():
            formatter.write(f"\n{section}:\n")
            for name, summary in commands.items():
                formatter.write(f"  {name:<12}{summary}\n")
        formatter.write(f"\n{ctx.command_path} COMMAND --help tells the arguments of each.\n")


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"{PROGRAM} {version(PROGRAM)}")
        ctx.exit()


command = Commands(
    name=PROGRAM,
    help="Keeps the synthetic data of self-driving labs fresh.",
    no_args_is_help=True,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_print_version,
            help="The version of Halflife.",
        )
    ],
)


def run(arguments: Sequence[str]) -> int:
    """Runs one command; its exit status: 0 done, 1 failed, 2 used wrongly.

    Args:
        arguments: What was typed after ``halflife``.
    """
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return status


def _run(arguments: Sequence[str]) -> int:
    try:
        result: Any = command.main(list(arguments), PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return FAILED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  # the last line of defence: told, not swallowed
        status = status_of(error)
        if status is None:
            traceback.print_exc()
            return FAILED
        click.echo(f"{PROGRAM}: {text_of(error)}", err=True)
        return status
    return result if isinstance(result, int) else DONE


def main() -> None:
    """The entry point of the program ``halflife``."""
    # Before numpy is there: threads wait for each other at small matrices, and one takes two
    # thirds of the processor time of two.
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
