"""Drift of measured columns given the set-points: found when true, not when the planner moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as Shown

from halflife.monitors.drift import Drift
from halflife.schemas.table import Block, Column, Table
from tests.bench.jobs import each
from tests.harness.intervals import finite, median, run_length, share
from tests.harness.real_streams import DataNotHereError, shuffled
from tests.harness.set_point_streams import (
    CHANGED_INSTRUMENT,
    STREAM,
    UNCHANGED_INSTRUMENT,
    set_point_stream,
)

FALSE_ALARMS: Final = 10_000
SEEDS: Final = 40
SHUFFLES: Final = 20
MORE_SHUFFLES: Final = 200
"""The median of 20 shuffles is known to some 100 records; this many tell it to some 30."""
WANTED_SHUFFLES: Final = 20
WANTED_DELAY: Final = 120
SOLAR_REFERENCE: Final = 500
MEASURED: Final = "degradation"
SOLAR_WAYS: Final = ("given the set-points", "the column alone", "river ADWIN")


@dataclass(frozen=True)
class SetPointRun:
    """One campaign.

    Args:
        early: Alarms about the instrument before it changed; all of them if it never did.
        quiet: Records before it changed.
        delay: Records from its change to the alarm; infinite if none came.
        planner: Records from the move of the planner to its alarm; infinite if none came.
        early_planner: Alarms about the planner before it moved.
        outside: Share of the records that the monitor says it cannot judge.
        named: Whether the alarm names the column that changed; None without an alarm.
        size: Told shift over the true one; None where none was told.
    """

    early: int
    quiet: int
    delay: float
    planner: float
    early_planner: int
    outside: float
    named: bool | None = None
    size: float | None = None


def run(console: Console, scale: float, *, processes: int = 1) -> dict[str, Any]:
    """The solar cells, a planner that moves, and an instrument that loses 5 % meanwhile."""
    seeds, shuffles = max(3, round(SEEDS * scale)), max(3, round(SHUFFLES * scale))
    console.print(f"[bold]drift-set-points[/]: one false alarm in {FALSE_ALARMS:,} promised")
    found: dict[str, Any] = {"solar cells": _solar(console, shuffles, processes)}
    runs = {}
    for name in (*UNCHANGED_INSTRUMENT, *CHANGED_INSTRUMENT):
        jobs = [(name, seed) for seed in range(seeds)]
        runs[name] = list(each(watch, jobs, processes, console))
    found["unchanged"] = _unchanged(console, {name: runs[name] for name in UNCHANGED_INSTRUMENT})
    found["changed"] = _changed(console, {name: runs[name] for name in CHANGED_INSTRUMENT})
    return found


def watch(job: tuple[str, int]) -> SetPointRun:
    """One campaign, by name and seed."""
    name, seed = job
    campaign = set_point_stream(name, seed)
    drift = Drift(campaign.reference.table, false_alarms=FALSE_ALARMS, seed=seed)
    drift.fit(campaign.reference)
    alarms = drift.update(campaign.stream)
    change = STREAM if campaign.change is None else campaign.change
    moved = STREAM if campaign.moved is None else campaign.moved
    faults = [alarm for alarm in alarms if alarm.is_fault]
    after = [alarm for alarm in faults if alarm.record >= change]
    moves = [alarm.record for alarm in alarms if not alarm.is_fault]
    told = after[0] if after else None
    return SetPointRun(
        early=len(faults) - len(after),
        quiet=change,
        delay=told.record - change if told else math.inf,
        planner=next((record - moved for record in moves if record >= moved), math.inf),
        early_planner=sum(record < moved for record in moves),
        outside=drift.outside / STREAM,
        named=told.columns[0] == "y0" if told else None,
        size=told.size / campaign.size if told and told.size is not None else None,
    )


def watch_solar(job: tuple[str, int]) -> tuple[int, float]:
    """The change of polymer in one shuffle: false alarms before it, records until it is found."""
    way, seed = job
    block = Block.concatenate([shuffled("OPV PCE10", seed), shuffled("OPV WF3", seed + 100)])
    change = len(shuffled("OPV PCE10", seed)) - SOLAR_REFERENCE
    if way == "given the set-points":
        records = _faults(block)
    elif way == "the column alone":
        alone = Table((Column(name=MEASURED),))
        numbers = block.number(MEASURED)[:, None]
        records = _faults(Block(alone, numbers, np.empty((len(block), 0), dtype=object)))
    else:
        records = _adwin(block.number(MEASURED).tolist())
    after = [record for record in records if record >= change]
    return len(records) - len(after), after[0] - change if after else math.inf


def _faults(block: Block) -> list[int]:
    drift = Drift(block.table, false_alarms=FALSE_ALARMS)
    drift.fit(block[:SOLAR_REFERENCE])
    return [alarm.record for alarm in drift.update(block[SOLAR_REFERENCE:]) if alarm.is_fault]


def _adwin(cells: Sequence[float]) -> list[int]:
    from river.drift import ADWIN

    detector, fired = ADWIN(), []
    for record, cell in enumerate(cells, -SOLAR_REFERENCE):
        detector.update(cell)
        if detector.drift_detected and record >= 0:
            fired.append(record)
    return fired


def _solar(console: Console, shuffles: int, processes: int) -> dict[str, Any]:
    shown = Shown(
        "another polymer", "found", "median delay (95 %)", "false alarms before", box=box.SIMPLE
    )
    told: dict[str, Any] = {}
    try:
        more = shuffles * MORE_SHUFFLES // SHUFFLES
        for way, count in [*((way, shuffles) for way in SOLAR_WAYS), (SOLAR_WAYS[0], more)]:
            jobs = [(way, seed) for seed in range(count)]
            runs = list(each(watch_solar, jobs, processes, console))
            found = sum(math.isfinite(delay) for _, delay in runs)
            delay = median([delay for _, delay in runs])
            early = sum(before for before, _ in runs)
            shown.add_row(way, f"{found}/{count}", delay.text(), str(early))
            told[f"{way}, {count} shuffles"] = {
                "found": found,
                "delay": finite(delay),
                "false_alarms": early,
            }
    except DataNotHereError as error:
        console.print(f"skipped: solar cells: {error}")
        return {"skipped": str(error)}
    console.print(shown)
    console.print(
        f"wanted: {WANTED_SHUFFLES} of {SHUFFLES}, median at most {WANTED_DELAY}, none before"
    )
    return told


def _unchanged(console: Console, runs: dict[str, list[SetPointRun]]) -> dict[str, Any]:
    shown = Shown(
        "unchanged instrument",
        "planner told",
        "after (median)",
        "instrument: records to an alarm",
        "kept",
        "outside",
        box=box.SIMPLE,
    )
    told = {}
    for name, group in runs.items():
        length = run_length([run.early for run in group], [run.quiet for run in group])
        moved = median([run.planner for run in group])
        seen = sum(math.isfinite(run.planner) for run in group)
        outside = sum(run.outside for run in group) / len(group)
        kept = length.high >= FALSE_ALARMS
        shown.add_row(
            name,
            f"{seen}/{len(group)}",
            f"{moved.value:.0f}",
            length.text(),
            "[green]yes[/]" if kept else "[red]no[/]",
            f"{outside:.1%}",
        )
        told[name] = {
            "planner_found": seen,
            "planner_delay": finite(moved),
            "planner_early": sum(run.early_planner for run in group),
            "run_length": finite(length),
            "kept": kept,
            "outside": outside,
        }
    console.print(shown)
    return told


def _changed(console: Console, runs: dict[str, list[SetPointRun]]) -> dict[str, Any]:
    shown = Shown(
        "changed instrument",
        "found",
        "median delay (95 %)",
        "false alarms before",
        "column right",
        "told shift / true",
        box=box.SIMPLE,
    )
    told = {}
    for name, group in runs.items():
        delay = median([run.delay for run in group])
        found = sum(math.isfinite(run.delay) for run in group)
        early, quiet = sum(run.early for run in group), sum(run.quiet for run in group)
        named = [run.named for run in group if run.named is not None]
        right = share(sum(named), len(named))
        size = median([run.size for run in group if run.size is not None])
        shown.add_row(
            name,
            f"{found}/{len(group)}",
            delay.text(),
            f"{early} in {quiet:,}",
            f"{right.value:.0%}",
            size.text(".2f"),
        )
        told[name] = {
            "found": found,
            "delay": finite(delay),
            "false_alarms": early,
            "quiet_records": quiet,
            "named": finite(right),
            "size_ratio": finite(size),
        }
    console.print(shown)
    return told
