"""Synthetic rows that come back as records: how soon they are named, and who is accused wrongly.

Of each table the first half, at most 500 rows, is the reference; trees are trained on its rows that
no hash holds out, and make 1,000 rows. The other rows follow as real records: once by themselves,
to count false accusations, and once with one in twenty replaced by a row of the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as RichTable

from halflife.generators import create
from halflife.monitors import Contamination, TooFewRows
from halflife.schemas.table import Block, Column, Kind, Table
from halflife.streams.watch.rows import Rows
from tests.bench.jobs import each
from tests.harness.intervals import Estimate, median, share
from tests.harness.real_streams import DATA, chromatograph, shuttle, solar_cells

REFERENCE, ROWS, MOST, EVERY = 500, 1000, 20_000, 20
SHUFFLES: Final = 8
Cells = NDArray[np.float64]


@dataclass
class Found:
    """What came of one order of the records of a table."""

    table: str
    records: int = 0
    accused: int = 0
    tellable: tuple[float, float] = (0.0, 0.0)
    delays: dict[str, float] = field(default_factory=dict)
    named: dict[str, tuple[int, int]] = field(default_factory=dict)
    wrong: int = 0
    microseconds: float = 0.0
    kilobytes: float = 0.0


def exact(rows: Cells, _scale: Cells, _rng: np.random.Generator) -> Cells:
    """As they are."""
    return rows


def rounded(rows: Cells, _scale: Cells, _rng: np.random.Generator) -> Cells:
    """To three significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 10.0 ** (2 - np.floor(np.log10(np.abs(rows))))
        return np.where((rows != 0) & np.isfinite(size), np.round(rows * size) / size, rows)


def decimals(rows: Cells, _scale: Cells, _rng: np.random.Generator) -> Cells:
    """To three decimals."""
    return np.round(rows, 3)


def jittered(rows: Cells, scale: Cells, rng: np.random.Generator) -> Cells:
    """By .01 standard deviations, in all numeric columns."""
    return rows + 0.01 * scale * rng.normal(size=rows.shape)


WAYS: Final[dict[str, Callable[[Cells, Cells, np.random.Generator], Cells]]] = {
    "exact": exact,
    "3 digits": rounded,
    "3 decimals": decimals,
    "jittered": jittered,
}


def tables() -> dict[str, Block]:
    """Every table that is here, in its own order."""
    found = {"OPV PCE10": solar_cells("pce10"), "HPLC": chromatograph(), "Shuttle": shuttle()}
    for folder in sorted(DATA.glob("*/")) if DATA.exists() else ():
        for path in folder.glob("data.csv*"):
            found[folder.name] = _block(pd.read_csv(path))
    return found


def run(console: Console, scale: float, processes: int = 1) -> dict[str, Any]:
    """The table, with 95 % intervals."""
    if not DATA.exists():
        console.print(f"[yellow]{DATA} is not here: only the tables of packages are looked at")
    blocks = tables()
    shuffles = max(1, round(SHUFFLES * scale))
    jobs = [(name, block, seed) for name, block in blocks.items() for seed in range(shuffles + 1)]
    found = [result for result in each(_one, jobs, processes, console) if result is not None]
    _show(console, found, shuffles)
    records, accused = sum(f.records for f in found), sum(f.accused for f in found)
    wrong = share(accused, records)
    console.print(
        f"real records accused: {accused} of {records:,}, or {1e4 * wrong.value:.2f} "
        f"({1e4 * wrong.low:.2f} to {1e4 * wrong.high:.2f}) in 10,000; at most 1 is promised; "
        f"beside synthetic rows {sum(f.wrong for f in found)} more"
    )
    return {"shuffles": shuffles, "runs": [vars(f) for f in found]}


def _block(frame: pd.DataFrame) -> Block:
    frame = frame.head(MOST).copy()
    columns = []
    for name in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != bool
        columns.append(Column(name=str(name), kind=Kind.NUMBER if is_number else Kind.CATEGORY))
    frame.columns = [column.name for column in columns]
    return Block.from_frame(Table(tuple(columns)), frame)


def _one(job: tuple[str, Block, int]) -> Found | None:
    """One order of one table: seed 0 is its own."""
    name, block, seed = job
    rng = np.random.default_rng(seed)
    block = block[:MOST] if seed == 0 else block[rng.permutation(len(block))[:MOST]]
    size = min(REFERENCE, len(block) // 2)
    ids = [f"{name}-{seed}-{i}" for i in range(size)]
    known, new = block[:size], block[size:]
    held = Rows(known, np.arange(size), np.arange(size, dtype=float), ids).holdout(0.3)
    generator = create("trees", block.table)
    generator.fit(known[~held], seed=seed)
    batch = generator.sample(ROWS, seed=seed)
    monitor = Contamination(block.table)
    try:
        monitor.fit(known, {"batch": batch}, unseen=held)
    except TooFewRows:
        return None
    state = monitor.state()
    result = Found(name, len(new), tellable=monitor.tellable, kilobytes=_kilobytes(state))
    begun = time.perf_counter()
    result.accused = len(monitor.accuse(new))
    result.microseconds = 1e6 * (time.perf_counter() - begun) / len(new)
    spread = np.nan_to_num(np.nanstd(known.numbers, axis=0))
    for way, change in WAYS.items():
        monitor.restore(state, {"batch": batch})
        mixed = new[np.arange(len(new))]
        places = np.arange(EVERY // 2, len(new), EVERY)
        rows = batch[rng.integers(0, len(batch), len(places))]
        mixed.numbers[places] = change(rows.numbers, spread, rng)
        mixed.texts[places] = rows.texts
        accused = {each.record for each in monitor.accuse(mixed)}
        right = sorted(accused & set(places.tolist()))
        result.named[way] = len(right), len(places)
        result.wrong += len(accused) - len(right)
        result.delays[way] = float(right[0] + 1) if right else float("inf")
    return result


def _kilobytes(state: dict[str, Any]) -> float:
    import json

    return len(json.dumps(state)) / 1000


def _show(console: Console, found: list[Found], shuffles: int) -> None:
    table = RichTable(
        title=f"Contamination of 5 %: records to the first that is named, median of the own order "
        f"and {shuffles} shuffles (95 %), and the share of the rows that are named"
    )
    for column in (
        "table",
        "told: exact / jittered",
        *WAYS,
        "accused wrongly",
        "us/record",
        "state KB",
    ):
        table.add_column(column, justify="left" if column == "table" else "right")
    for name in dict.fromkeys(f.table for f in found):
        runs = [f for f in found if f.table == name]
        cells = [f"{_delay([f.delays[way] for f in runs])}; {_named(runs, way)}" for way in WAYS]
        accused, records = sum(f.accused for f in runs), sum(f.records for f in runs)
        tells = " / ".join(f"{np.median([f.tellable[i] for f in runs]):.0%}" for i in (0, 1))
        cost = np.median([f.microseconds for f in runs]), np.median([f.kilobytes for f in runs])
        table.add_row(
            name, tells, *cells, f"{accused} of {records:,}", f"{cost[0]:.1f}", f"{cost[1]:.0f}"
        )
    console.print(table)


def _delay(values: list[float]) -> str:
    found: Estimate = median(values)
    return "never" if np.isinf(found.value) else found.text()


def _named(runs: list[Found], way: str) -> str:
    hits, of = (sum(f.named[way][i] for f in runs) for i in (0, 1))
    return f"{share(hits, of).value:.0%}"
