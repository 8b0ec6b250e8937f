"""How true a synthetic batch is to real rows, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class FidelityMeasure:
    """How true a synthetic batch is to real rows.

    Args:
        fidelity: The worst part.
        parts: "columns", "pairs", "joint", "predictive", each in [0, 1]: 1 is as good as another
            real sample of that size, 0 knows nothing. A part without meaning is absent.
        bands: For each part where 95 % of fresh real samples of that size would score.
        errors: Standard error of each part, before it was cut to [0, 1].
        columns: Marginal fidelity of each column.
        c2st_auc: Area under the ROC curve of a classifier that tells real from synthetic rows;
            None where that was not measured.
        tstr: Skill, 1 for the truth and 0 for a constant, of models trained on synthetic rows.
        trtr: The same of models trained on real rows.
        rows_real: How many real rows were looked at.
        rows_synthetic: How many synthetic ones.
        raws: Each part before it was cut to [0, 1]; where one is not given, it was not cut.
    """

    fidelity: float
    parts: dict[str, float]
    bands: dict[str, tuple[float, float]]
    errors: dict[str, float]
    columns: dict[str, float]
    c2st_auc: float | None
    tstr: float | None
    trtr: float | None
    rows_real: int
    rows_synthetic: int
    raws: dict[str, float] = field(default_factory=dict)

    def interval(self, part: str, width: float) -> tuple[float, float]:
        """So many standard errors around a part, cut as the part is."""
        raw, error = self.raws.get(part, self.parts[part]), width * self.errors[part]
        return min(max(raw - error, 0.0), 1.0), min(max(raw + error, 0.0), 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        plain = asdict(self)
        plain["bands"] = {name: list(band) for name, band in self.bands.items()}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_dict`` gave."""
        bands = {name: (float(band[0]), float(band[1])) for name, band in plain["bands"].items()}
        return cls(**{**plain, "bands": bands})
