"""What the gate decided on a challenger, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from .fidelity_measure import FidelityMeasure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided.

    Args:
        promoted: Whether the challenger goes into circulation.
        reason: One sentence with the numbers that decided.
        challenger: Its fidelity to the held-out rows: its fidelity at birth, if promoted.
        champion: That of the batch in circulation, at the same rows; None where there is none.
        retained: For every part that both have, the champion's score beside the challenger's:
            what the champion still has of what can be had now. Empty without a champion.
        copies: Training rows in the challenger, beyond what real replicates give.
        dcr_share: Share of its rows that are nearer to a training than to a held-out row.
        laws: For each declared law ``law``, and the shares of rows that break it,
            ``real_violations`` and ``synthetic_violations``.
        more_records: Where it cannot be told yet which batch is better, about how many more real
            records, trained on or held out, would show it; else None.
        evidence: Beside a champion: ``parts``, how much nearer the challenger is to the real rows,
            in standard errors; ``critical``, what the best part reaches by chance in 5 % of equal
            batches; ``rows``, how many real rows were judged; ``ways``, where these lie on the way
            from the champion, 0, to the challenger, 1.
    """

    promoted: bool
    reason: str
    challenger: FidelityMeasure
    champion: FidelityMeasure | None
    retained: dict[str, float]
    copies: int
    dcr_share: float | None
    laws: list[dict[str, Any]]
    more_records: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Literal["promoted", "rejected", "undecided"]:
        """What becomes of the challenger."""
        if self.promoted:
            return "promoted"
        return "rejected" if self.more_records is None else "undecided"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        plain = asdict(self)
        plain["challenger"] = self.challenger.to_dict()
        plain["champion"] = None if self.champion is None else self.champion.to_dict()
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_dict`` gave."""
        champion = plain["champion"]
        measures = {
            "challenger": FidelityMeasure.from_dict(plain["challenger"]),
            "champion": None if champion is None else FidelityMeasure.from_dict(champion),
        }
        return cls(**{**plain, **measures})
