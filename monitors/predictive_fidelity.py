"""What models trained on the batch are worth on real rows."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import FloatArray

from .contest import Contest, Gains, known_rows
from .part_score import PartScore
from .samples import Samples, chance_band
from .task import Task

_ONE_SIDED: Final = 1.645
_MOST_TASKS: Final = 16
_MANY: Final = 4
_FEW_PERMUTATIONS: Final = 39


class PredictiveFidelity:
    r"""Skill of models trained on the batch, beside that of models trained on real rows.

    A model is trained on the batch, another on the real rows of now; both predict the same real
    rows, the second each of them as if it had not seen it (`Contest`). The score is
    :math:`I_{syn} / I_{real}`, with :math:`I = -\log(1 - R^2)` the information that a model gives
    about a new measurement, summed over the tasks, and :math:`R^2` the explained share of the
    variance: 0 is a constant guess, 1 is as good as real rows. In a lab with little noise
    :math:`R^2` hardly falls when errors double; the information does. Where the real rows give no
    information that noise could not, it has no meaning.

    The band is exact at any size: real and synthetic rows are exchanged, the models of each
    exchange are trained anew, and where the samples are alike their score has no other place among
    those of the exchanges, of which only those with a meaning count, than chance gives it. The
    error is that of a ratio of means of paired rows,
    :math:`\mathrm{sd}(u - q v) / (\sqrt n\, \bar v)`, times what training the models adds, which
    is known from the exchanges.

    Args:
        train_rows: At most so many rows train a model.
        rank: Features that a model has; half of them where there are more than four models to
            train, because what each says is then less of the whole.
        permutations: Exchanges for the band; 39 where there are so many models.
        bootstraps: Draws for the error.

    Reference: Esteban, Hyland, Rätsch (2017), arXiv:1706.02633 (TSTR); Cochran, Sampling
    Techniques (1977), section 6.4 (the error of a ratio); Lehmann and Romano, Testing Statistical
    Hypotheses (2005), section 15.2 (exchanges).
    """

    name: ClassVar[str] = "predictive"

    def __init__(
        self,
        *,
        train_rows: int = 1000,
        rank: int = 96,
        permutations: int = 99,
        bootstraps: int = 100,
    ) -> None:
        self.train_rows = train_rows
        self.rank = rank
        self.permutations = permutations
        self.bootstraps = bootstraps

    def score(self, samples: Samples) -> PartScore:
        """The score, with ``tstr`` and ``trtr``, the skills of the two models, as details."""
        n, m = len(samples.real), len(samples.synthetic)
        contests = self._contests(samples)
        order = samples.generator("real rows trained on").permutation(n)
        drawn = n + samples.generator("synthetic rows trained on").permutation(m)
        found = _gains(contests, order, drawn)
        if found is None:
            return PartScore(None, 0.0, np.zeros(2))
        tstr, trtr = found.explained.mean(axis=1).tolist()
        details = {"tstr": tstr, "trtr": trtr}
        synthetic, real = np.empty((2, n))
        synthetic[order], real[order] = found.information.mean(axis=1)
        if not _has_meaning(real):
            return PartScore(None, 0.0, np.zeros(2), details)
        ratios, widening = self._exchanged(samples, contests)
        ratio = float(synthetic.mean() / real.mean())
        weights = samples.bootstraps(self.bootstraps)[0][:, :n]
        # The ratio to first order, so that a draw with little real skill cannot run away.
        deviations = weights @ (synthetic - ratio * real) / n / real.mean()
        return PartScore(
            raw=ratio,
            lower_band=chance_band(ratios),
            replicates=ratio + widening * deviations,
            details=details,
        )

    def _contests(self, samples: Samples) -> list[Contest]:
        """One for all tasks with the same inputs and rows known."""
        groups: dict[tuple[tuple[str, ...], bytes], list[Task]] = {}
        for task in Task.all_of(samples.table, most=_MOST_TASKS):
            key = task.inputs, known_rows(samples, task).tobytes()
            groups.setdefault(key, []).append(task)
        rank = self.rank // 2 if len(groups) > _MANY else self.rank
        return [
            Contest(samples, tasks, train_rows=self.train_rows, rank=rank)
            for tasks in groups.values()
        ]

    def _exchanged(self, samples: Samples, contests: list[Contest]) -> tuple[FloatArray, float]:
        """Ratios of exchanged samples that have a meaning, and the widening of the error."""
        n = len(samples.real)
        generator = samples.generator("exchanges")
        many = len(contests) > _MANY
        skills, spreads = [], []
        for _ in range(min(self.permutations, _FEW_PERMUTATIONS) if many else self.permutations):
            rows = generator.permutation(len(samples.pooled))
            found = _gains(contests, rows[:n], rows[n:])
            gains = None if found is None else found.information.mean(axis=1)
            if gains is not None and _has_meaning(gains[1]):
                skills.append(gains.mean(axis=1))
                spreads.append(np.cov(gains))
        if len(skills) < 2:
            return np.ones(0), 1.0
        synthetic, real = np.array(skills).T
        fair = float(synthetic.mean() / real.mean())
        pair = np.array([1.0, -fair])
        expected = float(np.mean([pair @ spread @ pair for spread in spreads])) / n
        spread = float(((synthetic - fair * real) ** 2).mean())
        widening = float(np.sqrt(spread / expected)) if expected > 0.0 else 1.0
        return synthetic / real, max(1.0, widening)


def _gains(
    contests: list[Contest], real: NDArray[np.intp], synthetic: NDArray[np.intp]
) -> Gains | None:
    """Those of all contests; None where there is nothing to predict."""
    found = [contest.gains(real, synthetic) for contest in contests]
    if not sum(gains.explained.size for gains in found):
        return None
    return Gains(
        np.concatenate([gains.information for gains in found], axis=1),
        np.concatenate([gains.explained for gains in found], axis=1),
    )


def _has_meaning(real: FloatArray) -> bool:
    """Whether real rows teach more than noise could."""
    return bool(real.mean() > _ONE_SIDED * real.std() / np.sqrt(len(real)))
