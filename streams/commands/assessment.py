"""How good a synthetic batch is: fidelity, utility, privacy and laws in one plain result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from halflife.monitors import Fidelity
from halflife.monitors.fidelity import PARTS, summary
from halflife.monitors.fidelity_measure import FidelityMeasure
from halflife.monitors.measures import MEASURES, measure_all
from halflife.monitors.part_score import PartScore
from halflife.schemas.table import Block, Column, Table

_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Assessment:
    """What ``halflife report`` found.

    Args:
        result: Plain data, with the keys of the command's JSON; None for what has no meaning.
        reasons: Why, for each key (of ``result`` or its ``parts``) that is None.
    """

    result: dict[str, Any]
    reasons: dict[str, str]


def assess(
    real: Block,
    synthetic: Block,
    train: Block | None,
    *,
    seed: int,
    tell: Callable[[int, int | None, str], None] = lambda _done, _steps, _text: None,
) -> Assessment:
    """Measures a synthetic batch against real rows.

    Args:
        real: Rows that the generator has not seen.
        synthetic: The batch.
        train: The rows that it was trained on, if they are known.
        seed: Of everything drawn.
        tell: Told which part is measured.

    Raises:
        TooFewRows: For fewer rows than a fidelity needs.
        NothingMeasurable: If no part of the fidelity has a meaning.
    """
    began = time.perf_counter()
    table = real.table
    scores: dict[str, PartScore] = {}
    steps = len(PARTS) + len(MEASURES)
    for i, part in enumerate(PARTS):
        tell(i, steps, f"measuring {part}")
        scores |= Fidelity(table, seed=seed).scores(real, synthetic, parts=[part])
    measure = summary(scores, real, synthetic)
    measures = measure_all(
        real,
        synthetic,
        train,
        seed=seed,
        tell=lambda done, _, title: tell(len(PARTS) + done, steps, title),
    )
    named = {found.measure: found for found in measures}
    reasons = {name: _why(name, scores[name], table) for name in PARTS if name not in measure.parts}
    if measure.tstr is None:
        reasons["tstr"] = reasons["trtr"] = reasons["predictive"]
    if train is None:
        reasons["dcr_share"] = reasons["copies"] = "it needs the training rows: --train"
    result = {
        "fidelity": measure.fidelity,
        "parts": {name: measure.parts.get(name) for name in PARTS},
        "bands": {name: _listed(measure.bands.get(name)) for name in PARTS},
        "c2st_auc": measure.c2st_auc,
        "tstr": measure.tstr,
        "trtr": measure.trtr,
        "dcr_share": named["closest_record_share"].value,
        "copies": named["copies"].details.get("copies"),
        "laws": [
            {
                "law": law.text,
                "real_violations": real.violations(law),
                "synthetic_violations": synthetic.violations(law),
            }
            for law in table.laws
        ],
        "columns": [_column(column, measure, real, synthetic) for column in table.columns],
        "measures": [found.to_dict() for found in measures],
        "seconds": time.perf_counter() - began,
    }
    return Assessment(result, reasons)


def _why(part: str, score: PartScore, table: Table) -> str:
    """Why a part has no meaning for these rows."""
    if part == "pairs":
        return "it needs two columns that vary"
    if part == "predictive" and "trtr" in score.details:
        return (
            "models trained on the real rows themselves predict no better than noise "
            f"(skill {score.details['trtr']:.2f})"
        )
    if part == "predictive":
        named = "the target does not vary" if table.target else "no set-point and no target"
        return f"there is nothing to predict: {named}"
    return "no column can be compared"


def _column(
    column: Column, measure: FidelityMeasure, real: Block, synthetic: Block
) -> dict[str, Any]:
    return {
        "column": column.name,
        "role": column.role.value,
        "kind": column.kind.value,
        "unit": column.unit,
        "fidelity": measure.columns.get(column.name),
        "real": _described(column, real),
        "synthetic": _described(column, synthetic),
    }


def _described(column: Column, block: Block) -> dict[str, Any]:
    """Missing cells, and mean, spread and quantiles of a number or the levels of a category."""
    missing = {"missing": block.missing(column.name)}
    if not column.is_number:
        cells = [cell for cell in block.text(column.name) if cell is not None]
        return {**missing, "levels": len(set(cells))}
    known = block.number(column.name)
    known = known[~np.isnan(known)]
    if not len(known):
        return missing
    return {
        **missing,
        "mean": float(known.mean()),
        "sd": float(known.std()),
        "quantiles": np.quantile(known, _QUANTILES).tolist(),
    }


def _listed(band: tuple[float, float] | None) -> list[float] | None:
    return None if band is None else list(band)
