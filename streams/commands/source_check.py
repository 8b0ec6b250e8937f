"""What ``halflife check`` says of the sources of a lab file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halflife.schemas.errors import LabFileError
from halflife.schemas.problem import Problem
from halflife.streams.connectors.errors import SourceRefused
from halflife.streams.connectors.record_maker import RecordMaker
from halflife.streams.connectors.registry import connector_names, make_connector, unknown_type
from halflife.streams.connectors.surroundings import Surroundings

if TYPE_CHECKING:
    from rich.table import Table

    from halflife.schemas.lab import Lab
    from halflife.schemas.settings import Settings
    from halflife.schemas.sources.source_plan import SourcePlan


@dataclass(frozen=True)
class CheckedSource:
    """A source, and what is allowed and will still disappoint.

    Args:
        plan: Of the source.
        remarks: Each as a sentence.
    """

    plan: SourcePlan
    remarks: list[str]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "source": self.plan.name,
            "type": self.plan.type,
            "stream": self.plan.stream_name,
            "columns": {name: entry.path for name, entry in self.plan.columns.items()},
            "notes": self.remarks,
        }


def check_sources(
    lab: Lab, settings: Settings, environ: Mapping[str, str], file: str
) -> list[CheckedSource]:
    """Makes the connector of each source, without a word to the source itself.

    Args:
        lab: With its sources.
        settings: Of the machine.
        environ: Environment variables, where secrets may stand.
        file: Name of the lab file, for errors.

    Raises:
        LabFileError: With every type that there is not, and everything that a connector refuses.
    """
    checked, problems = [], []
    for plan in lab.sources.values():
        if plan.type not in connector_names():
            problems.append(unknown_type(plan, file))
            continue
        remarks = []
        try:
            RecordMaker(plan, lab.streams[plan.stream_name], clock=time.time)
            make_connector(
                plan,
                Surroundings(settings=settings, environ=environ, clock=time.time, dry_run=True),
            )
        except SourceRefused as error:  # what is not installed here may be where the worker runs
            remarks.append(str(error))
        except LabFileError as error:
            problems += [_placed(problem, file) for problem in error.problems]
        checked.append(CheckedSource(plan, remarks))
    if problems:
        raise LabFileError(problems)
    return checked


def sources_table(checked: list[CheckedSource]) -> Table:
    """A line for each source."""
    from .output import grid, printable

    table = grid("source", "type", "stream", "columns taken from elsewhere", "note")
    for one in checked:
        plan = one.plan
        mapped = ", ".join(
            f"{name} from {entry.path}{f' in {entry.unit}' if entry.unit else ''}"
            for name, entry in plan.columns.items()
        )
        texts = (plan.name, plan.type, plan.stream_name, mapped or "none", "; ".join(one.remarks))
        table.add_row(*map(printable, texts))
    return table


def _placed(problem: Problem, file: str) -> Problem:
    return (
        problem
        if problem.source
        else Problem(
            source=file,
            path=problem.path,
            text=problem.text,
            value=problem.value,
            allowed=problem.allowed,
            line=problem.line,
        )
    )
