"""``halflife demo``: the story of the solar cells."""

from __future__ import annotations

import click


@click.command("demo")
@click.option("--exit", "exit_when_told", is_flag=True, help="End when the story is told.")
def command(exit_when_told: bool) -> int:
    """Play two campaigns of a solar-cell robot through Kafka and tell what happens.

    Nothing need be installed or running: Kafka starts as a child process. With --exit, the exit
    status is 0 only if the story went as it should.
    """
    from halflife.streams.demo.play import run_demo

    return run_demo(exit_when_told)
