"""``halflife check``: what a lab file means, or everything that is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .options import data_argument, json_option

if TYPE_CHECKING:
    from rich.console import Console

    from halflife.schemas.lab import Lab
    from halflife.schemas.stream_plan import StreamPlan
    from halflife.schemas.table import Column

    from .source_check import CheckedSource

_BLIND: Final = 0.5  # standard deviations; a smaller shift seldom matters
_JUDGED: Final = 45  # of which a hash leaves fewer than 30 once in a hundred


@click.command("check")
@data_argument("lab_file", "LAB.toml")
@json_option()
def command(lab_file: Path, json_file: Path | None) -> None:
    """Say what a lab file means, a table for each stream, or every error with its place."""
    from halflife.schemas.lab import Lab

    from .options import STDOUT
    from .output import terminal, write_json

    lab = Lab.read(lab_file)
    plans = list(lab.streams.values())
    _check_generators(plans, lab_file)
    sources = _check_sources(lab, lab_file)
    write_json(
        json_file,
        {
            "streams": [_as_json(plan) for plan in plans],
            "sources": [source.as_json() for source in sources],
        },
    )
    if json_file != STDOUT:
        console = terminal()
        for plan in plans:
            _show(plan, console)
        if sources:
            from .source_check import sources_table

            console.print(sources_table(sources))
        counts = [_count(len(plans), "stream"), *[_count(len(sources), "source")] * bool(sources)]
        console.print(f"{lab_file} is in order: {', '.join(counts)}.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _check_sources(lab: Lab, lab_file: Path) -> list[CheckedSource]:
    """The sources, each with what is to be noted; connectors are loaded only where there are some.

    Raises:
        LabFileError: With everything that is wrong with them.
    """
    if not lab.sources:
        return []
    import os

    from .options import read_settings
    from .source_check import check_sources

    return check_sources(lab, read_settings(), os.environ, str(lab_file))


def _check_generators(plans: list[StreamPlan], lab_file: Path) -> None:
    """Refuses generators that are not in the registry, and laws that theirs cannot keep.

    Raises:
        LabFileError: With each of them.
    """
    from halflife.generators import generator_names
    from halflife.generators.errors import BrokenProcess, GeneratorError
    from halflife.schemas.errors import LabFileError
    from halflife.schemas.near import did_you_mean
    from halflife.schemas.problem import Problem
    from halflife.streams.planned_generator import planned_generator

    problems = []
    names = generator_names()
    for plan in plans:
        path = f"stream.{plan.name}"
        if plan.generator not in names:
            problems.append(
                Problem(
                    source=str(lab_file),
                    path=f"{path}.generator",
                    text=f"is no generator{did_you_mean(plan.generator, names)}",
                    value=repr(plan.generator),
                    allowed=", ".join(names),
                )
            )
            continue
        try:
            planned_generator(plan)
        except BrokenProcess as error:
            problems.append(Problem(source=str(lab_file), path=f"{path}.process", text=str(error)))
        except GeneratorError as error:
            problems.append(Problem(source=str(lab_file), path=path, text=str(error)))
    if problems:
        raise LabFileError(problems)


def remarks(plan: StreamPlan) -> Iterator[str]:
    """What is allowed and will still disappoint, each as a sentence."""
    from halflife.monitors import Drift, reference_for, smallest_shift
    from halflife.streams.watch.circulation import FEWEST_MEASURED

    drift = Drift(plan.table, false_alarms=plan.false_alarms)
    least = max((detector.least for detector in drift.detectors.values()), default=0)
    if plan.reference < least:
        yield (
            f"a reference of {plan.reference} records is too short for one false alarm in "
            f"{plan.false_alarms:.0f} records: {least} or more are needed; drift is not watched "
            "before there are so many"
        )
    watched = max(len(plan.table.measured), 1)
    seen = smallest_shift(plan.reference, plan.false_alarms, watched)
    if seen > _BLIND:
        yield (
            f"a reference of {plan.reference} records is short for one false alarm in "
            f"{plan.false_alarms:.0f} records: the promise is kept by being slower, and shifts "
            f"under about {seen:.1f} standard deviations may never be seen; to see "
            f"{_BLIND:g} it needs {reference_for(_BLIND, plan.false_alarms, watched)} records"
        )
    judged = plan.min_rows * plan.holdout
    if judged < _JUDGED:
        yield (
            f"of {plan.min_rows} records about {judged:.0f} are held out to judge a batch "
            f"({plan.holdout:.0%}), and 30 are needed each time: raise min_rows or holdout"
        )
    if plan.window_rows < FEWEST_MEASURED:
        yield (
            f"the latest {plan.window_rows} records that no training saw are to tell the fidelity "
            f"of a batch, and {FEWEST_MEASURED} are needed: raise window"
        )
    if plan.table.measured and not plan.table.set_points:
        yield (
            "no column is a set-point: whether a planner moved or an instrument aged cannot "
            "be told apart"
        )
    if not plan.table.measured:
        yield "no column is measured: there is nothing that could drift given the set-points"


def _show(plan: StreamPlan, console: Console) -> None:
    from .output import grid

    console.print(plan.name + (plan.title and f": {plan.title}"), style="bold")
    table = grid("column", "role", "kind", "unit", "range")
    for column in plan.table.columns:
        target = " (target)" if column.name == plan.target else ""
        table.add_row(column.name + target, column.role, column.kind, column.unit, _range(column))
    console.print(table)
    for law in plan.table.laws:
        kind = "relative" if law.text.count("=") and hasattr(law, "equation") else "absolute"
        console.print(f"  law      {law.text}   ({kind} tolerance {law.tolerance:g})")
    for line in promises(plan):
        console.print(f"  promise  {line}")
    for line in remarks(plan):
        console.print(f"  note     {line}", style="yellow")
    console.print()


def promises(plan: StreamPlan) -> Iterator[str]:
    """What the stream is promised, each as a sentence."""
    then = {
        "regenerate": "a drift alarm asks for a new batch by itself",
        "ask": "after a drift alarm, a person decides",
    }[plan.on_drift]
    yield f"one false alarm in {plan.false_alarms:.0f} records; {then}"
    yield f"a batch is replaced when it keeps less than {plan.keep:.0%} of its fidelity at birth"
    yield (
        f"the first {plan.reference} records are the reference; a batch of {plan.rows} rows is "
        f"trained on {plan.min_rows} records or more by the generator {plan.generator!r}, and "
        f"judged on {plan.holdout:.0%} that it never saw"
    )


def _range(column: Column) -> str:
    if column.minimum is None and column.maximum is None:
        return ""
    low = "" if column.minimum is None else f"{column.minimum:g}"
    high = "" if column.maximum is None else f"{column.maximum:g}"
    return f"{low} … {high}".strip()


def _as_json(plan: StreamPlan) -> dict[str, Any]:
    return {
        **plan.model_dump(mode="json", by_alias=True),
        "digest": plan.digest,
        "notes": list(remarks(plan)),
    }
