"""What a batch has kept of the fidelity that it had at birth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from .errors import MonitorError
from .fidelity_measure import FidelityMeasure

_ONE_SIDED: Final = 1.645
_LEAST_ERROR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Retained:
    """The part of its fidelity that a batch keeps.

    Args:
        share: Of the worst part: 1 is all, 0 nothing.
        part: The name of that part.
        interval: Where the share lies with 90 % confidence, so that 5 % lie beyond each end.
        under_limit: Whether even the upper end is under the share that must be kept.
        text: One sentence.
        shares: Of every part that was measured at birth and now.
        errors: Their standard errors.
    """

    share: float
    part: str
    interval: tuple[float, float]
    under_limit: bool
    text: str
    shares: dict[str, float]
    errors: dict[str, float]


class RetainedFidelity:
    r"""Judges a batch by its worst part beside that part at birth.

    The share of a part is :math:`q = p_{now} / p_{birth}` with standard error
    :math:`\sqrt{e_{now}^2 + q^2 e_{birth}^2} / p_{birth}` (a ratio of independent measures, to
    first order). The ends of its interval are made of the ends of the two, each cut to [0, 1] as
    the part itself is (MOVER): the upper one is
    :math:`q + \sqrt{(u_{now} - p_{now})^2 + q^2 (p_{birth} - l_{birth})^2} / p_{birth}`, the lower
    one likewise. A batch that was surely as good as real rows at birth is then no less sure for
    having been better still.

    Both should rest on about as many real rows, or the classifier of the joint part sees more at
    one of them. A part that knew nothing at birth has nothing to lose and is left out.

    What the band promises: where a part has kept just ``keep``, one look calls it under the limit
    in at most 5 %. A part that has lost nothing must look worse than it is by the whole margin
    :math:`1 - keep` beyond that: with an error of .05 and .9 to keep, by 3.6 standard errors, once
    in 7,000 looks. Looks share the error at birth and overlap in their rows, so many of them err
    together rather than one after the other.

    Args:
        keep: Share that must be kept, between 0 and 1.

    Raises:
        MonitorError: For another ``keep``.

    Reference: Cochran, Sampling Techniques (1977), section 6.4; Zou, Donner, Statistics in
    Medicine 27 (2008) 1693 (MOVER).

    Example:
        >>> from halflife.monitors.fidelity_measure import FidelityMeasure
        >>> def measure(value):
        ...     return FidelityMeasure(value, {"joint": value}, {}, {"joint": 0.02}, {},
        ...                            None, None, None, 200, 1000)
        >>> RetainedFidelity(0.9).judge(measure(0.8), measure(0.6)).text
        'joint fidelity is 75 % of what it was at birth (70 to 80 %), under the limit of 90 %'
    """

    def __init__(self, keep: float) -> None:
        if not 0.0 < keep < 1.0:
            raise MonitorError(f"keep must lie between 0 and 1, not {keep!r}")
        self.keep = keep

    def judge(self, birth: FidelityMeasure, now: FidelityMeasure) -> Retained:
        """What is retained.

        Raises:
            MonitorError: If no part was measured at birth and now.
        """
        judged = {
            part: self._share(birth, now, part)
            for part in now.parts
            if birth.parts.get(part, 0.0) > _LEAST_ERROR
        }
        if not judged:
            raise MonitorError(
                f"no part was measured both at birth ({', '.join(birth.parts) or 'none'}) "
                f"and now ({', '.join(now.parts) or 'none'})"
            )

        # A part that is surely lost comes before one that looks worse but may be noise.
        intervals = {part: self._interval(birth, now, part) for part in judged}
        part = min(judged, key=lambda name: (intervals[name][1] >= self.keep, judged[name][0]))
        share, (low, high) = judged[part][0], intervals[part]
        under = high < self.keep
        state = "under" if under else "not under"
        text = (
            f"{part} fidelity is {share:.0%} of what it was at birth "
            f"({low * 100:.0f} to {high:.0%}), {state} the limit of {self.keep:.0%}"
        ).replace("%", " %")
        shares = {name: found[0] for name, found in judged.items()}
        errors = {name: found[1] for name, found in judged.items()}
        return Retained(share, part, (low, high), under, text, shares, errors)

    @staticmethod
    def _share(birth: FidelityMeasure, now: FidelityMeasure, part: str) -> tuple[float, float]:
        """The share of a part with its standard error."""
        before = birth.parts[part]
        share = now.parts[part] / before
        return share, math.hypot(now.errors[part], share * birth.errors[part]) / before

    @staticmethod
    def _interval(birth: FidelityMeasure, now: FidelityMeasure, part: str) -> tuple[float, float]:
        """Where the share of a part lies, with 5 % beyond each end."""
        before, here = birth.parts[part], now.parts[part]
        share = here / before
        least, most = birth.interval(part, _ONE_SIDED)
        low, high = now.interval(part, _ONE_SIDED)
        below = math.hypot(here - low, share * (most - before)) / before
        above = math.hypot(high - here, share * (before - least)) / before
        return max(0.0, share - below), share + above
