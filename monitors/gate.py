"""The gate: only a better batch replaces the one in circulation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray, Table

from .errors import MonitorError
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

_CHANCE: Final = 0.01
_NOISE: Final = 1.96  # standard errors, for one of several parts; one-sided 97.5 %


class Gate:
    """Judges a challenger on held-out real rows that neither it nor the champion was trained on.

    A challenger is rejected if it holds more copies of training rows than real replicates and
    ``max_copies`` allow, or breaks a declared law more often than the real rows do (Fisher's exact
    test at 1 %). Without a champion it is then promoted unless one of its parts is under
    ``FLOOR``.

    With one, it is promoted if its worst part is better than the champion's worst part, or if no
    part is worse and one is better, each beyond the noise of a paired comparison: both batches are
    scored at the same draws of the held-out rows, and the noise is 1.96 standard errors of the
    difference. A tie keeps the champion, because a change of batch costs its users something.

    Where the champion is known to be stale, from more records than are held out here, a tie is no
    reason to keep it. Then what counts is how far the worst part falls short of its band, that is,
    of what another real sample of that size would score: the challenger is promoted unless it
    falls shorter than the champion.

    Args:
        table: What the rows are, with its laws.
        seed: Of everything drawn.
        max_copies: Share of the challenger's rows that may be copies beyond replicates: by chance
            a generator that recombines values on a grid makes a few.

    Raises:
        MonitorError: For a share outside [0, 1].

    Reference: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Fisher,
    Statistical Methods for Research Workers (1934), section 21.02.
    """

    def __init__(self, table: Table, *, seed: int = 0, max_copies: float = 0.01) -> None:
        if not 0.0 <= max_copies <= 1.0:
            raise MonitorError(f"max_copies must lie in [0, 1], not {max_copies!r}")
        self.table = table
        self.seed = seed
        self.max_copies = max_copies

    def judge(
        self,
        *,
        challenger: Block,
        champion: Block | None,
        train: Block,
        holdout: Block,
        stale: bool = False,
    ) -> Verdict:
        """The verdict.

        Args:
            challenger: The new batch.
            champion: The batch in circulation, if there is one.
            train: The real rows that the challenger was trained on.
            holdout: At least 30 real rows that neither batch was trained on.
            stale: Whether other evidence says that the champion has lost its fidelity: an alarm
                for drift, or fidelity under its limit.

        Raises:
            TooFewRows: For fewer, or fewer than 30 rows of a batch, or no training row.
        """
        fidelity = Fidelity(self.table, seed=self.seed)
        ours = fidelity.scores(holdout, challenger)
        theirs = None if champion is None else fidelity.scores(holdout, champion)
        privacy = Privacy(self.table, seed=self.seed).measure(train, holdout, challenger)
        laws = self._laws(Block.concatenate([train, holdout]), challenger)
        measure = summary(ours, holdout, challenger)
        veto = self._copied(privacy, challenger) or self._broken(laws)
        if veto:
            promoted, reason = False, veto
        elif theirs is None:
            promoted, reason = _first(measure)
        else:
            promoted, reason = _better(ours, theirs, stale=stale)
        rival = None
        if champion is not None and theirs is not None:
            rival = summary(theirs, holdout, champion)
        return Verdict(
            promoted=promoted,
            reason=reason,
            challenger=measure,
            champion=rival,
            retained={} if rival is None else _retained(measure, rival),
            copies=privacy.copies,
            dcr_share=privacy.dcr_share,
            laws=[{k: v for k, v in law.items() if k != "chance"} for law in laws],
        )

    def _copied(self, privacy: PrivacyMeasure, challenger: Block) -> str | None:
        """Why copies forbid a challenger, if they do."""
        if privacy.copies <= self.max_copies * len(challenger):
            return None
        return (
            f"rejected: {privacy.equal_rows:,} of its {len(challenger):,} rows are copies of "
            f"training rows, {privacy.copies:,} more than replicates explain "
            f"({_percent(privacy.replicates)} of the held-out rows repeat one)"
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


def _better(
    ours: dict[str, PartScore], theirs: dict[str, PartScore], *, stale: bool
) -> tuple[bool, str]:
    """The verdict beside a champion."""
    both = [p for p in ours if ours[p].raw is not None and theirs[p].raw is not None]
    worst_ours = min(both, key=lambda part: ours[part].value)
    worst_theirs = min(both, key=lambda part: theirs[part].value)
    gain = ours[worst_ours].value - theirs[worst_theirs].value
    noise = _noise(_worst(ours, both) - _worst(theirs, both))
    worst = (
        f"its worst part ({worst_ours}, {ours[worst_ours].value:.2f}) beside the champion's "
        f"({worst_theirs}, {theirs[worst_theirs].value:.2f})"
    )
    if gain > noise:
        return True, f"promoted: {worst} is better by {gain:.2f}, noise {noise:.2f}"
    if stale:
        return _fresher({p: ours[p] for p in both}, {p: theirs[p] for p in both})
    gains = {p: ours[p].value - theirs[p].value for p in both}
    noises = {p: _noise(ours[p].replicates - theirs[p].replicates) for p in both}
    lost = [part for part in both if gains[part] < -noises[part]]
    won = [part for part in both if gains[part] > noises[part]]
    if lost:
        part = min(lost, key=lambda name: gains[name])
        told = f"{part} fidelity is worse by {-gains[part]:.2f}, noise {noises[part]:.2f}"
        return False, f"rejected: {told}; {worst} is not better beyond noise ({noise:.2f})"
    if won:
        part = max(won, key=lambda name: gains[name])
        told = f"{part} fidelity is better by {gains[part]:.2f}, noise {noises[part]:.2f}"
        return True, f"promoted: {told}, and no part is worse"
    return False, f"rejected: no part is better beyond noise; {worst} differs by {gain:+.2f}"


def _fresher(ours: dict[str, PartScore], theirs: dict[str, PartScore]) -> tuple[bool, str]:
    """The verdict beside a champion that is known to be stale."""
    missing = [max(ours, key=lambda p: _shortfall(ours[p]))]
    missing.append(max(theirs, key=lambda p: _shortfall(theirs[p])))
    told = []
    for who, part, scores in zip(("it", "the champion"), missing, (ours, theirs), strict=True):
        score = scores[part]
        short = _shortfall(score)
        beside = f"({part} {score.value:.2f}, another real sample: {score.band[0]:.2f} or more)"
        how = f"falls short by {short:.2f}" if short else "does not fall short"
        told.append(f"{who} {how} {beside}")
    better = _shortfall(ours[missing[0]]) <= _shortfall(theirs[missing[1]])
    verdict = "promoted" if better else "rejected"
    return better, (
        f"{verdict}: the champion is known to be stale; of what another real sample would "
        f"score, {told[0]}, {told[1]}"
    )


def _shortfall(score: PartScore) -> float:
    """How far a part is below what another real sample of that size would score."""
    return max(0.0, score.band[0] - score.value)


def _worst(scores: dict[str, PartScore], parts: list[str]) -> FloatArray:
    """The worst part at each draw, shape (r,)."""
    draws = np.stack([np.clip(scores[part].replicates, 0.0, 1.0) for part in parts])
    return np.asarray(draws.min(axis=0))


def _noise(differences: FloatArray) -> float:
    """The paired difference that noise alone gives, from its bootstrap replicates, shape (r,)."""
    return float(_NOISE * differences.std(ddof=1))


def _retained(challenger: FidelityMeasure, champion: FidelityMeasure) -> dict[str, float]:
    """What the champion still has of what can be had now, by part."""
    return {
        part: champion.parts[part] / score
        for part, score in challenger.parts.items()
        if score > 0.0 and part in champion.parts
    }


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
