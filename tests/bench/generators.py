"""Generators on the ten laboratory tables: told apart, too near, copies, utility, laws and cost."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable
from scipy.stats import t as student

from halflife.generators import GENERATORS, GeneratorError, create
from halflife.schemas.table import Block
from tests.bench.drift_foreign import ForeignToolMissingError
from tests.bench.generator_peers import PEERS, foreign_batch
from tests.harness.campaign_tables import CAMPAIGNS, campaign_block
from tests.harness.generator_scores import GeneratorScores, limits, scores
from tests.harness.lab_tables import LAB_TABLES, TableMissingError, halves

SEEDS: Final = 5
KNOB: Final = (0.0, 0.1, 0.25, 0.4, 0.6, 1.0)
AGAIN: Final = "real rows again"
YARDSTICKS: Final = (AGAIN, "half of the rows")
"""Training rows drawn again with replacement, and half of them as they are: copies all, which say
what a loss of skill means."""
_LEFT_OUT: Final = {"minority"}
"""Makes rare rows on purpose: no batch like the real rows is to be had of it."""

Result = dict[str, dict[str, list[GeneratorScores]]]


def run(
    console: Console,
    scale: float,
    *,
    peers: bool = True,
    only: str = "",
    out: Path = Path("bench-results"),
) -> dict[str, Any]:
    """The table and the picture of the front.

    Args:
        console: Printed to.
        scale: Of the number of seeds, five.
        peers: Whether tools of others run as well.
        only: Names of tables and generators, with commas between; all if empty. The tables are the
            ten of `LAB_TABLES`, or with ``campaigns`` among the names the ten of `CAMPAIGNS`.
        out: Where the picture goes.
    """
    chosen = {name for name in only.split(",") if name}
    readers = {name: one.read for name, one in LAB_TABLES.items()}
    if "campaigns" in chosen:
        readers = {name: partial(campaign_block, name) for name in CAMPAIGNS}
        chosen.remove("campaigns")
    tables = [name for name in readers if not chosen & readers.keys() or name in chosen]
    makers = [*YARDSTICKS, *(name for name in GENERATORS if name not in _LEFT_OUT)]
    makers += [f"trees@{privacy:g}" for privacy in KNOB]
    makers += list(PEERS) if peers else []
    makers = [name for name in makers if not chosen & set(makers) or name in chosen]
    found: Result = {name: {} for name in makers}
    missing: dict[str, str] = {}
    for table in tables:
        try:
            block = readers[table]()
        except TableMissingError as error:
            missing[table] = str(error)
            continue
        _one_table(table, block, max(1, round(SEEDS * scale)), found, missing)
        console.print(_shown(table, found))
    for name, why in missing.items():
        console.print(f"[yellow]{name}[/]: {why}")
    picture = out / "generators.svg"
    _drawn(found, picture)
    console.print(f"the front, area against distance: {picture}")
    return {
        "missing": missing,
        "scores": {
            maker: {table: [one.to_dict() for one in seeds] for table, seeds in by_table.items()}
            for maker, by_table in found.items()
        },
    }


def _one_table(
    table: str, block: Block, seeds: int, found: Result, missing: dict[str, str]
) -> None:
    for seed in range(seeds):
        train, held_out = halves(block, seed)
        limit = limits(train, held_out, seed=seed)
        for maker, by_table in found.items():
            if maker in missing:
                continue
            try:
                made, seconds = _batch(maker, train, seed)
                one = scores(train, held_out, made, limit=limit, seconds=seconds, seed=seed)
            except ForeignToolMissingError as error:
                missing[f"{maker} on {table}"] = str(error)
            except GeneratorError as error:
                missing[f"{maker} on {table}"] = str(error)
            else:
                by_table.setdefault(table, []).append(one)


def _batch(maker: str, train: Block, seed: int) -> tuple[Block, float]:
    """As many rows as there are to learn from, and the CPU seconds that they took.

    Of the second yardstick half as many.
    """
    if maker in PEERS:
        return foreign_batch(maker, train, seed=seed)
    if maker in YARDSTICKS:
        random, rows = np.random.default_rng(seed), len(train)
        half = random.permutation(rows)[: rows // 2]
        return train[random.integers(rows, size=rows) if maker == AGAIN else half], 0.0
    name, _, knob = maker.partition("@")
    options = {"privacy": float(knob)} if knob else {}
    began = time.process_time()
    generator = create(name, train.table, **options)
    generator.fit(train, seed=seed)
    made = generator.sample(len(train), seed=seed)
    return made, time.process_time() - began


def _shown(table: str, found: Result) -> RichTable:
    shown = RichTable(title=f"{table}: mean, 95 % interval of the mean over seeds")
    headings = ("generator", "AUC", "limit", "AUC boosted", "limit", "DCR share", "copies")
    for heading in (*headings, "TSTR", "TRTR", "laws broken", "CPU s", "all three"):
        shown.add_column(heading, justify="right")
    for maker, by_table in found.items():
        runs = by_table.get(table)
        if not runs:
            continue
        shown.add_row(
            maker,
            _mean([one.auc for one in runs]),
            f"{np.mean([one.auc_limit for one in runs]):.2f}",
            _mean([one.auc_boosted for one in runs]),
            f"{np.mean([one.auc_boosted_limit for one in runs]):.2f}",
            _mean([one.dcr_share for one in runs]),
            f"{np.mean([one.copies for one in runs]):.1f}",
            _mean([one.tstr for one in runs]),
            _mean([one.trtr for one in runs]),
            f"{np.mean([one.violations for one in runs]):.1%}",
            f"{np.mean([one.seconds for one in runs]):.2f}",
            "yes" if _reached(runs) else "no",
        )
    return shown


def _reached(runs: list[GeneratorScores]) -> bool:
    """Of the means: area within .10 of the limit, share at most .60, no copies."""
    over = float(np.mean([one.auc - one.auc_limit for one in runs]))
    near = float(np.mean([one.dcr_share for one in runs]))
    return over <= 0.10 and near <= 0.60 and not any(one.copies for one in runs)


def _mean(numbers: list[float | None]) -> str:
    known = [number for number in numbers if number is not None]
    if not known:
        return "–"
    if len(known) < 2:
        return f"{known[0]:.2f}"
    half = student.ppf(0.975, len(known) - 1) * np.std(known, ddof=1) / np.sqrt(len(known))
    return f"{np.mean(known):.2f}±{half:.2f}"


def _drawn(found: Result, path: Path) -> None:
    """The picture: means over tables, the knob as a line, everybody else as a point."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5.0), layout="constrained")
    axes = figure.add_subplot()
    points = {maker: _place(by_table) for maker, by_table in found.items() if by_table}
    knob = [name for name in points if "@" in name]
    if knob:
        axes.plot(
            *zip(*(points[name] for name in knob), strict=True), "o-", label="trees, by privacy"
        )
    for name in knob:
        axes.annotate(name.rpartition("@")[2], points[name], (5, 4), textcoords="offset points")
    for name, place in points.items():
        if name not in (*knob, *YARDSTICKS):
            axes.plot(*place, "s" if name in PEERS else "D", markersize=5)
            axes.annotate(name, place, (5, -9), textcoords="offset points", fontsize=8)
    axes.axvline(0.60, linestyle=":", color="grey")
    axes.axhline(0.10, linestyle=":", color="grey")
    axes.set(
        xlabel="share of rows nearer to a training than to a held-out row (.5 is best)",
        ylabel="area of the classifier above real against real (0 is best)",
        title="Means over the tables; wanted is the corner at the lower left",
    )
    if knob:
        axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def _place(by_table: dict[str, list[GeneratorScores]]) -> tuple[float, float]:
    near = [np.mean([one.dcr_share for one in runs]) for runs in by_table.values()]
    over = [np.mean([one.auc - one.auc_limit for one in runs]) for runs in by_table.values()]
    return float(np.mean(near)), float(np.mean(over))
