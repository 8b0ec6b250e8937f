"""How fast a synthetic batch loses its fidelity, and when it will have lost too much."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .decay_forecast import DecayForecast
from .errors import MonitorError, StateMismatch

_SURE: Final = 2.576  # two-sided 99 %: a forecast is looked at after every tick
_WIDTH: Final = 1.96  # two-sided 95 %
_LEAST_RETAINED: Final = 0.01
_LEAST_ERROR: Final = 1e-3
_PASSES: Final = 4  # the first shares move the rate far, and with it where they are linearised


@dataclass(frozen=True, slots=True)
class _Line:
    """Sums of a weighted regression through the origin, with forgetting."""

    wxx: float = 0.0
    wxy: float = 0.0
    ffxx: float = 0.0  # the weights w squared: the variance of wxy

    def with_point(self, x: float, y: float, weight: float, forgetting: float) -> _Line:
        return _Line(
            forgetting * self.wxx + weight * x * x,
            forgetting * self.wxy + weight * x * y,
            forgetting * forgetting * self.ffxx + weight * x * x,
        )

    def slope(self) -> float:
        return self.wxy / self.wxx if self.wxx > 0.0 else 0.0

    def error(self) -> float:
        return math.sqrt(self.ffxx) / self.wxx if self.wxx > 0.0 else math.inf


class Decay:
    r"""Exponential decay of the retained fidelity, fitted online.

    The model is :math:`q_i = e^{-r a_i} + \epsilon_i` with :math:`q` the retained share at age
    :math:`a` and :math:`\mathrm{sd}(\epsilon_i) = e_i`; a batch retains all of its fidelity at
    birth by definition. Logarithms of noisy shares are biased, and weights taken from them more
    so; each share is therefore linearised at what the rate so far predicts, :math:`\hat q_i`:
    :math:`y_i = \log\hat q_i + (q_i - \hat q_i) / \hat q_i` (a recursive Gauss-Newton step). Then

    .. math:: \hat r = -\frac{\sum_i \lambda^{k-i} w_i a_i y_i}{\sum_i \lambda^{k-i} w_i a_i^2}
        ,\qquad w_i = \hat q_i^2 / e_i^2,\qquad \mathrm{var}(\hat r) =
        s \frac{\sum_i \lambda^{2(k-i)} w_i a_i^2}{(\sum_i \lambda^{k-i} w_i a_i^2)^2}

    with :math:`s` the mean square of the weighted residuals where that is above 1 (the noise is
    then larger than it was said to be). The half-life is :math:`\log 2 / r`, the expiry
    :math:`-\log(keep) / r`; their intervals are those of the rate, at 95 %. A decay is called seen
    when the rate is above zero at 99.5 %, because a forecast is read after every tick.

    Args:
        keep: Retained share at which a batch expires, between 0 and 1.
        forgetting: :math:`\lambda`, weight of a tick beside the next one, in (0, 1]. The default
            halves it every 34 ticks.

    Raises:
        MonitorError: For other values.

    Reference: Ljung, System Identification (1999), sections 10.2 and 11.2; Particle Data
    Group, Review of Particle Physics, section 5.2.2 (the scale factor).

    Example:
        >>> decay = Decay(keep=0.9)
        >>> for age in range(500, 5_001, 500):
        ...     decay.update(age_records=age, age_hours=age / 100, retained=0.5 ** (age / 4_000),
        ...                  error=0.02)
        >>> round(decay.forecast().half_life_records)
        4000
    """

    def __init__(self, *, keep: float = 0.9, forgetting: float = 0.98) -> None:
        if not 0.0 < keep < 1.0:
            raise MonitorError(f"keep must lie between 0 and 1, not {keep!r}")
        if not 0.0 < forgetting <= 1.0:
            raise MonitorError(f"forgetting must lie in (0, 1], not {forgetting!r}")
        self.keep = keep
        self.forgetting = forgetting
        self._reset()

    def _reset(self) -> None:
        self._records = _Line()
        self._hours = _Line()
        self._ticks = 0.0  # how many the sums are worth
        self._squares = 0.0  # sum of w y^2
        self._seen_records = 0.0

    @property
    def key(self) -> str:
        """16 hexadecimal digits of the parameters."""
        text = repr((type(self).__name__, self.keep, self.forgetting))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def update(
        self, *, age_records: float, age_hours: float, retained: float, error: float
    ) -> None:
        """Take in one measurement.

        Args:
            age_records: Real records since the batch was born.
            age_hours: Hours since then.
            retained: Share of its fidelity at birth.
            error: Standard error of that share.

        Raises:
            MonitorError: For an age or error below zero, or anything not finite.
        """
        given = {"age_records": age_records, "age_hours": age_hours, "error": error}
        for name, value in {**given, "retained": retained}.items():
            if not math.isfinite(value) or (name in given and value < 0.0):
                raise MonitorError(f"{name} must be finite and at least 0, not {value!r}")
        line = self._records
        for _ in range(_PASSES):
            share = max(math.exp(min(0.0, line.slope() * age_records)), _LEAST_RETAINED)
            y = math.log(share) + (retained - share) / share
            weight = (share / max(error, _LEAST_ERROR)) ** 2
            line = self._records.with_point(age_records, y, weight, self.forgetting)
        self._records = line
        self._hours = self._hours.with_point(age_hours, y, weight, self.forgetting)
        self._ticks = self.forgetting * self._ticks + 1.0
        self._squares = self.forgetting * self._squares + weight * y * y
        self._seen_records = max(self._seen_records, age_records)

    def forecast(self) -> DecayForecast:
        """What the measurements so far say."""
        rate, error = self._rate(self._records)
        slowest, fastest = rate - _WIDTH * error, rate + _WIDTH * error
        seen = rate > _SURE * error
        per_hour, _ = self._rate(self._hours)
        expiry = -math.log(self.keep)

        def at(log_share: float, rate: float, *, told: bool) -> float | None:
            return log_share / rate if told and rate > 0.0 else None

        bounds = (fastest, math.isfinite(fastest)), (slowest, seen)
        shortest, longest = (at(math.log(2.0), r, told=told) for r, told in bounds)
        soonest, latest = (at(expiry, r, told=told) for r, told in bounds)
        return DecayForecast(
            keep=self.keep,
            seen_records=self._seen_records,
            half_life_records=at(math.log(2.0), rate, told=seen),
            half_life_interval=(shortest, longest),
            half_life_hours=at(math.log(2.0), per_hour, told=seen),
            expiry_records=at(expiry, rate, told=seen),
            expiry_interval=(soonest, latest),
            expiry_hours=at(expiry, per_hour, told=seen),
        )

    def _rate(self, line: _Line) -> tuple[float, float]:
        """The rate of loss along one axis, with its standard error."""
        slope = line.slope()
        scale = 1.0
        if self._ticks > 2.0:
            residual = self._squares - slope * line.wxy
            scale = max(1.0, residual / (self._ticks - 1.0))
        return -slope, line.error() * math.sqrt(scale)

    def state(self) -> dict[str, Any]:
        """Plain data that ``restore`` continues from, bit for bit."""
        lines = {
            name: [line.wxx, line.wxy, line.ffxx]
            for name, line in (("records", self._records), ("hours", self._hours))
        }
        return {
            "key": self.key,
            **lines,
            "ticks": self._ticks,
            "squares": self._squares,
            "seen_records": self._seen_records,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state.

        Raises:
            StateMismatch: If it was taken with other parameters.
        """
        if state["key"] != self.key:
            raise StateMismatch(
                f"state of key {state['key']} where keep={self.keep!r} and "
                f"forgetting={self.forgetting!r} have key {self.key}"
            )
        self._records = _Line(*state["records"])
        self._hours = _Line(*state["hours"])
        self._ticks = state["ticks"]
        self._squares = state["squares"]
        self._seen_records = state["seen_records"]
