"""Fidelity of a synthetic batch to real rows, in four parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from halflife.schemas.table import Block, Table

from .columns_fidelity import ColumnsFidelity
from .errors import NothingMeasurable, TooFewRows
from .fidelity_measure import FidelityMeasure
from .joint_fidelity import JointFidelity
from .pairs_fidelity import PairsFidelity
from .part_score import FidelityPart, PartScore
from .predictive_fidelity import PredictiveFidelity
from .samples import Samples

FIDELITY_PARTS: Final[dict[str, Callable[[], FidelityPart]]] = {
    "columns": ColumnsFidelity,
    "pairs": PairsFidelity,
    "joint": JointFidelity,
    "predictive": PredictiveFidelity,
}
PARTS: Final = tuple(FIDELITY_PARTS)
FEWEST_ROWS: Final = 30


class Fidelity:
    """Measures synthetic rows against real ones that no training has seen.

    Neither the order of the rows nor how they were cut into blocks matters; the same rows and seed
    give the same bits.

    Args:
        table: What the rows are.
        seed: Of everything drawn.

    Example:
        >>> import numpy as np
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> x = np.random.default_rng(0).normal(size=(900, 1))
        >>> rows = Block(table, x, np.empty((900, 0), dtype=object))
        >>> measure = Fidelity(table).measure(rows[:300], rows[300:], parts=["columns"])
        >>> measure.fidelity > measure.bands["columns"][0]
        True
    """

    def __init__(self, table: Table, *, seed: int = 0) -> None:
        self.table = table
        self.seed = seed

    def measure(
        self, real: Block, synthetic: Block, *, parts: Sequence[str] = PARTS
    ) -> FidelityMeasure:
        """How true the synthetic rows are to the real ones.

        Args:
            real: At least 30 rows, of which none has trained the generator.
            synthetic: At least 30 rows.
            parts: Which to measure: those of the first three take some 20 ms each at a few hundred
                rows, the last some tenths of a second.

        Raises:
            TooFewRows: For fewer.
            NothingMeasurable: If none of the parts asked for has a meaning, as pairs in a table of
                one column.
            KeyError: For a part that there is not.
        """
        return summary(self.scores(real, synthetic, parts=parts), real, synthetic)

    def scores(
        self, real: Block, synthetic: Block, *, parts: Sequence[str] = PARTS
    ) -> dict[str, PartScore]:
        """The same, with the resamples that a paired comparison of two batches needs."""
        for rows, what in ((real, "real"), (synthetic, "synthetic")):
            if len(rows) < FEWEST_ROWS:
                raise TooFewRows(
                    f"fidelity needs at least {FEWEST_ROWS} {what} rows, not {len(rows)}"
                )
        samples = Samples.of(real, synthetic, seed=self.seed)
        return {part: FIDELITY_PARTS[part]().score(samples) for part in parts}


def summary(scores: dict[str, PartScore], real: Block, synthetic: Block) -> FidelityMeasure:
    """Scores of the parts as one measure.

    Raises:
        NothingMeasurable: If no part has a meaning.
    """
    known = {name: score for name, score in scores.items() if score.raw is not None}
    if not known:
        raise NothingMeasurable(f"none of the parts {', '.join(scores)} has a meaning here")
    parts = {name: score.value for name, score in known.items()}
    models = scores["predictive"].details if "predictive" in scores else {}
    return FidelityMeasure(
        fidelity=min(parts.values()),
        parts=parts,
        bands={name: score.band for name, score in known.items()},
        errors={name: score.error for name, score in known.items()},
        columns=dict(scores["columns"].details) if "columns" in scores else {},
        c2st_auc=scores["joint"].details["c2st_auc"] if "joint" in scores else None,
        tstr=models.get("tstr"),
        trtr=models.get("trtr"),
        rows_real=len(real),
        rows_synthetic=len(synthetic),
        raws={name: float(score.raw) for name, score in known.items() if score.raw is not None},
    )
