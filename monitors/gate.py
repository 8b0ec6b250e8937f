"""The gate: only a better batch replaces the one in circulation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, Table

from .comparison import Comparison, Trial
from .errors import MonitorError, NothingMeasurable
from .fidelity import Fidelity, summary
from .fidelity_measure import FidelityMeasure
from .part_score import PartScore
from .privacy import Privacy
from .privacy_measure import PrivacyMeasure
from .verdict import Verdict

FLOOR: Final = 0.05
"""A part below this knows next to nothing: a classifier tells all rows but a few (AUC over .975),
or models trained on the batch have a twentieth of the skill that real rows give. Most lab tables
are small, and a batch that a classifier often tells is still the best there is; so the floor is
low, and the verdict carries the scores."""

_SUBJECT: Final = {
    "columns": "single columns are",
    "pairs": "pairs of columns are",
    "joint": "joint distribution is",
    "predictive": "predictive worth is",
}
_CHANCE: Final = 0.01
_ONE_SIDED: Final = 1.645
_TREND: Final = 1.0  # standard errors
_FEW: Final = 100  # judged rows that rule out no gain worth having


class Gate:
    """Judges a challenger on held-out real rows that neither it nor the champion was trained on.

    Vetoes come first. A challenger is rejected if it holds more copies of training rows than real
    replicates and ``max_copies`` allow; if more of its rows than ``max_dcr_share`` are nearer to a
    training than to a held-out row; if it breaks a declared law more often than the real rows do
    (Fisher's exact test at 1 %); or if the table declares a target and models trained on it have
    less than ``min_utility`` of the skill that real rows give, beyond noise. Without a champion it
    is then promoted unless one of its parts is under ``FLOOR``.

    With one, real rows say part by part which batch they are nearer to (`Comparison`). It is
    promoted if some part is better beyond the noise of all parts, and none is worse beyond it:
    batches of equal quality are exchanged in 5 % of trials at most, whoever says that the champion
    is stale. Else it is rejected, or it cannot be told yet: where a part tends to be better (by a
    standard error), where fewer than 100 rows were judged, or where the champion is known to be
    stale and no part is worse. Then the verdict says about how many more records would show it.

    Args:
        table: What the rows are, with its laws.
        seed: Of everything drawn.
        max_copies: Share of the challenger's rows that may be copies beyond replicates: by chance
            a generator that recombines values on a grid makes a few.
        max_dcr_share: Largest share of its rows that may be nearer to a training than to a
            held-out row, where that is limited; 1/2 is what other real rows have.
        min_utility: Least share of the skill of real rows.

    Raises:
        MonitorError: For a share outside [0, 1].

    Reference: Fisher, Statistical Methods for Research Workers (1934), section 21.02; those of
    `Comparison`.
    """

    def __init__(
        self,
        table: Table,
        *,
        seed: int = 0,
        max_copies: float = 0.01,
        max_dcr_share: float | None = None,
        min_utility: float = 0.25,
    ) -> None:
        for name, share in (
            ("max_copies", max_copies),
            ("max_dcr_share", 1.0 if max_dcr_share is None else max_dcr_share),
            ("min_utility", min_utility),
        ):
            if not 0.0 <= share <= 1.0:
                raise MonitorError(f"{name} must lie in [0, 1], not {share!r}")
        self.table = table
        self.seed = seed
        self.max_copies = max_copies
        self.max_dcr_share = max_dcr_share
        self.min_utility = min_utility

    def judge(
        self,
        *,
        challenger: Block,
        champion: Block | None,
        train: Block,
        holdout: Block,
        stale: bool = False,
        crossed: Sequence[Trial] = (),
    ) -> Verdict:
        """The verdict.

        Args:
            challenger: The new batch.
            champion: The batch in circulation, if there is one.
            train: The real rows that the challenger was trained on.
            holdout: At least 30 real rows that neither batch was trained on.
            stale: Whether other evidence says that the champion has lost its fidelity: an alarm
                for drift, or fidelity under its limit.
            crossed: Parts of ``train``, each beside a batch made in the challenger's way without
                that part. They are compared with the champion as well, which has seen none of
                them, so that all rows of the window judge.

        Raises:
            TooFewRows: For fewer, or fewer than 30 rows of a batch, or no training row.
        """
        fidelity = Fidelity(self.table, seed=self.seed)
        ours = fidelity.scores(holdout, challenger)
        measure = summary(ours, holdout, challenger)
        privacy = Privacy(self.table, seed=self.seed).measure(train, holdout, challenger)
        laws = self._laws(Block.concatenate([train, holdout]), challenger)
        rival, comparison = None, None
        if champion is not None:
            rival = summary(fidelity.scores(holdout, champion), holdout, champion)
            comparison = self._compared([(holdout, challenger), *crossed], champion)
        veto = (
            self._copied(privacy, challenger)
            or self._too_near(privacy)
            or self._broken(laws)
            or self._useless(ours["predictive"])
        )
        more = None
        if veto:
            promoted, reason = False, veto
        elif rival is None:
            promoted, reason = _first(measure)
        elif comparison is None:
            promoted, reason = False, "rejected: no column varies, so that no batch is better"
        else:
            more = _missing(comparison, len(train) + len(holdout), stale=stale)
            promoted, reason = _beside(comparison, measure, rival, more)
        return Verdict(
            promoted=promoted,
            reason=reason,
            challenger=measure,
            champion=rival,
            retained={} if rival is None else _retained(measure, rival),
            copies=privacy.copies,
            dcr_share=privacy.dcr_share,
            laws=[{k: v for k, v in law.items() if k != "chance"} for law in laws],
            more_records=more,
            evidence={} if comparison is None else comparison.to_dict(),
        )

    def _compared(self, trials: list[Trial], champion: Block) -> Comparison | None:
        try:
            return Comparison.of(trials, champion, seed=self.seed)
        except NothingMeasurable:
            return None

    def _copied(self, privacy: PrivacyMeasure, challenger: Block) -> str | None:
        """Why copies forbid a challenger, if they do."""
        if privacy.copies <= self.max_copies * len(challenger):
            return None
        return (
            f"rejected: {privacy.equal_rows:,} of its {len(challenger):,} rows are copies of "
            f"training rows, {privacy.copies:,} more than replicates explain "
            f"({_percent(privacy.replicates)} of the held-out rows repeat one)"
        )

    def _too_near(self, privacy: PrivacyMeasure) -> str | None:
        """Why nearness to training rows forbids a challenger, if it does."""
        share, most = privacy.dcr_share, self.max_dcr_share
        if most is None or share <= most:
            return None
        return (
            f"rejected: {_percent(share)} of its rows are nearer to a training row than to a "
            f"held-out one, and {_percent(most)} are allowed"
        )

    def _useless(self, score: PartScore) -> str | None:
        """Why models that it trains forbid a challenger, if they do."""
        if self.table.target is None or score.raw is None:
            return None
        tstr, trtr = score.details["tstr"], score.details["trtr"]
        surely = score.raw + _ONE_SIDED * score.error < self.min_utility
        if not surely or tstr >= self.min_utility * trtr:
            return None
        return (
            f"rejected: models trained on it have skill {tstr:.2f} on real rows, less than "
            f"{_percent(self.min_utility)} of the {trtr:.2f} of models trained on real rows"
        )

    def _laws(self, real: Block, challenger: Block) -> list[dict[str, Any]]:
        """How often each law is broken, and the chance of that if real rows broke it as often."""
        from scipy.stats import fisher_exact

        laws = []
        for law in self.table.laws:
            ours, theirs = challenger.violations(law), real.violations(law)
            counts = np.array([[ours, len(challenger) - ours], [theirs, len(real) - theirs]])
            laws.append(
                {
                    "law": law.text,
                    "real_violations": theirs / len(real),
                    "synthetic_violations": ours / len(challenger),
                    "chance": float(fisher_exact(counts, alternative="greater").pvalue),
                }
            )
        return laws

    @staticmethod
    def _broken(laws: list[dict[str, Any]]) -> str | None:
        """Why laws forbid a challenger, if they do."""
        broken = [law for law in laws if law["chance"] < _CHANCE]
        if not broken:
            return None
        worst = max(broken, key=lambda law: law["synthetic_violations"] - law["real_violations"])
        return (
            f"rejected: {_percent(worst['synthetic_violations'])} of its rows break "
            f"{worst['law']!r}, where {_percent(worst['real_violations'])} of the real rows do"
        )


def _first(measure: FidelityMeasure) -> tuple[bool, str]:
    """The verdict where there is no champion."""
    part = min(measure.parts, key=lambda name: measure.parts[name])
    score = f"{part} fidelity {measure.parts[part]:.2f}"
    if measure.fidelity < FLOOR:
        return False, f"rejected: {score} is under {FLOOR}, which is to know next to nothing"
    return True, f"promoted: the first batch, its worst part {score}, over the floor of {FLOOR}"


def _missing(comparison: Comparison, records: int, *, stale: bool) -> int | None:
    """How many more records would tell, where it cannot be told yet.

    Args:
        comparison: Of the rows that were judged.
        records: Of the window, trained on or judged.
        stale: Whether the champion is known to be.
    """
    if comparison.better or comparison.worse:
        return None
    tends = comparison.parts[comparison.best] >= _TREND
    if not (tends or stale or comparison.rows < _FEW):
        return None
    share = max(1.0, records / comparison.rows)
    return 10 * math.ceil(comparison.more_rows() * share / 10.0)


def _beside(
    comparison: Comparison, ours: FidelityMeasure, theirs: FidelityMeasure, more: int | None
) -> tuple[bool, str]:
    """The verdict beside a champion."""

    def told(part: str, how: str) -> str:
        z, limit = comparison.parts[part], comparison.critical
        seen = _seen(comparison, part, ours, theirs)
        noise = f"{abs(z):.1f} standard errors, noise {limit:.1f}"
        return f"{_SUBJECT.get(part, part)} {how} than the champion's ({seen}{noise})"

    rows = f"on {comparison.rows:,} records that neither was trained on"
    best = comparison.best
    if comparison.worse:
        part = min(comparison.parts, key=lambda name: comparison.parts[name])
        though = f", though its {told(best, 'better')}" if comparison.better else ""
        return False, f"rejected: {rows} its {told(part, 'worse')}{though}"
    if comparison.better:
        return True, f"promoted: {rows} its {told(best, 'better')}, and no part is worse"
    how = "better" if comparison.parts[best] > 0.0 else "no better"
    if more is not None:
        return False, (
            f"cannot tell yet, need about {more:,} more records: {rows} the most that can be said "
            f"is that its {told(best, how)}"
        )
    return False, f"rejected: {rows} no part is better beyond noise: its {told(best, how)}"


def _seen(comparison: Comparison, part: str, ours: FidelityMeasure, theirs: FidelityMeasure) -> str:
    """The figure that decided: where the records lie between the batches, or skills of models.

    The fidelity of a part asks something else of the rows, and may say otherwise.
    """
    way = comparison.ways.get(part)
    if way is not None:
        return f"the records lie {min(max(way, 0.0), 1.0):.0%} of the way from it to this one, "
    scores = [measure.parts[part] for measure in (ours, theirs) if part in measure.parts]
    if len(scores) < 2 or (scores[0] - scores[1]) * comparison.parts[part] <= 0.0:
        return ""
    return f"fidelity {scores[0]:.2f} beside {scores[1]:.2f}, "


def _retained(challenger: FidelityMeasure, champion: FidelityMeasure) -> dict[str, float]:
    """What the champion still has of what can be had now, by part."""
    return {
        part: champion.parts[part] / score
        for part, score in challenger.parts.items()
        if score > 0.0 and part in champion.parts
    }


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
