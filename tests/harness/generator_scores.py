"""What is measured of a batch beside the rows that made it and rows that did not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from halflife.monitors import Privacy
from halflife.monitors.fidelity import Fidelity
from halflife.schemas.table import Block

MOST_ROWS: Final = 1_000
"""Of each side, for classifiers and models: on more rows they tell more, on all tables alike."""


@dataclass(frozen=True)
class GeneratorScores:
    """Figures of one batch.

    Args:
        auc: Of the monitors' classifier between held-out and synthetic rows (`JointFidelity`).
        auc_limit: The same between held-out and training rows.
        auc_boosted: Of boosted trees, cross-validated: a sterner classifier.
        auc_boosted_limit: The same between held-out and training rows.
        dcr_share: See `Privacy`.
        copies: See `Privacy`.
        tstr: Skill of models trained on the batch; None where there is none to be had.
        trtr: Skill of models trained on real rows.
        violations: Share of synthetic rows that break a declared law; 0 without one.
        real_violations: The same of held-out rows.
        seconds: CPU seconds of fit and sample.
    """

    auc: float
    auc_limit: float
    auc_boosted: float
    auc_boosted_limit: float
    dcr_share: float
    copies: float
    tstr: float | None
    trtr: float | None
    violations: float
    real_violations: float
    seconds: float

    @property
    def reached(self) -> bool:
        """Whether area, distance and copies are all as they should be."""
        return self.auc <= self.auc_limit + 0.10 and self.dcr_share <= 0.60 and not self.copies

    def to_dict(self) -> dict[str, float | None]:
        """Plain data."""
        return asdict(self)


def limits(train: Block, held_out: Block, *, seed: int) -> tuple[float, float]:
    """Areas of both classifiers between real and real rows."""
    return _area(held_out, train, seed), boosted_area(held_out, train, seed=seed)


def scores(
    train: Block,
    held_out: Block,
    made: Block,
    *,
    limit: tuple[float, float],
    seconds: float,
    seed: int,
) -> GeneratorScores:
    """All figures of a batch made from ``train``."""
    privacy = Privacy(train.table, seed=seed, most_rows=2 * MOST_ROWS).measure(
        train, held_out, made
    )
    found = Fidelity(train.table, seed=seed).scores(
        held_out[:MOST_ROWS], made[:MOST_ROWS], parts=["joint", "predictive"]
    )
    skills = found["predictive"].details if "predictive" in found else {}
    return GeneratorScores(
        auc=found["joint"].details["c2st_auc"],
        auc_limit=limit[0],
        auc_boosted=boosted_area(held_out, made, seed=seed),
        auc_boosted_limit=limit[1],
        dcr_share=privacy.dcr_share,
        copies=privacy.copies,
        tstr=skills.get("tstr"),
        trtr=skills.get("trtr"),
        violations=_violations(made),
        real_violations=_violations(held_out),
        seconds=seconds,
    )


def boosted_area(real: Block, other: Block, *, seed: int) -> float:
    """Area under the ROC curve of boosted trees, 3-fold; as many rows of each, at most 1,000."""
    size = min(len(real), len(other), MOST_ROWS)
    both = Block.concatenate([real[:size], other[:size]])
    codes = [
        np.unique(cells.astype(str), return_inverse=True)[1].astype(np.float64)
        for cells in both.texts.T
    ]
    label = np.repeat([0, 1], size)
    chance = cross_val_predict(
        HistGradientBoostingClassifier(max_iter=60, random_state=0),
        np.column_stack([both.numbers, *codes]),
        label,
        cv=StratifiedKFold(3, shuffle=True, random_state=seed),
        method="predict_proba",
    )
    return float(roc_auc_score(label, chance[:, 1]))


def _area(real: Block, other: Block, seed: int) -> float:
    found = Fidelity(real.table, seed=seed).scores(
        real[:MOST_ROWS], other[:MOST_ROWS], parts=["joint"]
    )
    return float(found["joint"].details["c2st_auc"])


def _violations(block: Block) -> float:
    broken = [law.violated(block.values()) for law in block.table.laws]
    return float(np.any(broken, axis=0).mean()) if broken else 0.0
