"""How fast a synthetic batch loses its fidelity, and when it will have lost too much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from .arrays import key_of
from .decay_fit import DecayFit
from .decay_forecast import DecayForecast, Interval
from .decay_ticks import DecayTicks
from .errors import MonitorError, StateMismatch

_LEAST_AGE: Final = 1e-6  # records or hours
_LEAST_ERROR: Final = 1e-3
_SURE: Final = math.log(10.0)
_UNKNOWN: Final[tuple[float | None, Interval]] = (None, (None, None))


class Decay:
    """Half-life and expiry of a batch, from its retained fidelity, tick by tick.

    Steady drift does not make fidelity fall exponentially: a marginal distance grows linearly
    with a shift, the skill of a model falls with its square. Half-life and expiry are therefore
    averages over many curves (:class:`DecayFit`), and their 90 % intervals are as wide as the
    curves that the ticks allow: before much is lost, wide or without an upper end.

    A decay is *seen* when the ticks are at least ten times likelier with a decay than without.
    Until then there is no half-life but a lower end, and no expiry. By Ville's inequality the Bayes
    factor of a batch that does not decay reaches ten in at most a tenth of streams, however often
    it is read; measured for all four parts together it happened in none of 60 streams whose errors
    were as said, and in 4 of 100 where they were half as large again (``tests/bench/decay.py``).

    Ages in hours are those in records by the clock that the ticks told, and beyond them by the
    mean number of records in an hour so far.

    Args:
        keep: Retained share at which a batch expires, between 0 and 1.
        birth_error: Standard error of the measure at birth, as a share of it: every tick was
            divided by that one measure.
        forgetting: Weight of a tick beside the next one, in (0, 1]. The default halves it every
            69 ticks, so that what is over is no part of the forecast for ever.

    Raises:
        MonitorError: For other values.

    Reference: Kass and Raftery, JASA 90 (1995) 773 (Bayes factors); Ville, Etude critique de la
    notion de collectif (1939), section 5.1.

    Example:
        >>> decay = Decay(keep=0.9)
        >>> for age in range(500, 5_001, 500):
        ...     decay.update(age_records=age, age_hours=age / 100, retained=0.5 ** (age / 4_000),
        ...                  error=0.02)
        >>> round(decay.forecast().half_life_records, -2)
        4000.0
    """

    def __init__(
        self, *, keep: float = 0.9, birth_error: float = 0.0, forgetting: float = 0.99
    ) -> None:
        if not 0.0 < keep < 1.0:
            raise MonitorError(f"keep must lie between 0 and 1, not {keep!r}")
        if not (math.isfinite(birth_error) and birth_error >= 0.0):
            raise MonitorError(f"birth_error must be finite and at least 0, not {birth_error!r}")
        if not 0.0 < forgetting <= 1.0:
            raise MonitorError(f"forgetting must lie in (0, 1], not {forgetting!r}")
        self.keep = keep
        self.birth_error = birth_error
        self.forgetting = forgetting
        self._ticks = DecayTicks(forgetting=forgetting)
        self._seen_records = 0.0
        self._forecast: DecayForecast | None = None

    @property
    def key(self) -> str:
        """16 hexadecimal digits of the parameters."""
        return key_of(type(self).__name__, self.keep, self.birth_error, self.forgetting)

    def update(
        self,
        *,
        age_records: float,
        age_hours: float,
        retained: float,
        error: float,
        span: tuple[float, float] | None = None,
    ) -> None:
        """Take in one measurement.

        Args:
            age_records: Mean age of the real rows measured, in records since the batch's birth.
            age_hours: The same in hours.
            retained: Share of its fidelity at birth.
            error: Standard error of that share, apart from the error at birth.
            span: Ages of the oldest and of the newest row measured, in records; may begin before
                birth. Ticks that share rows share noise; by default none do.

        Raises:
            MonitorError: For an age or error below zero, a span that ends before it begins, or
                anything not finite.
        """
        given = {"age_records": age_records, "age_hours": age_hours, "error": error}
        for name, value in {**given, "retained": retained}.items():
            if not math.isfinite(value) or (name in given and value < 0.0):
                raise MonitorError(f"{name} must be finite and at least 0, not {value!r}")
        first, last = (age_records, age_records) if span is None else span
        if not (math.isfinite(first) and math.isfinite(last) and first <= last):
            raise MonitorError(f"span must be two finite ages in order, not {span!r}")
        # Ages that are next to nothing would end beyond the numbers that there are.
        age_records, age_hours = (
            age if age >= _LEAST_AGE else 0.0 for age in (age_records, age_hours)
        )
        self._ticks.append(
            age_records,
            age_hours,
            retained,
            max(error, _LEAST_ERROR),
            first=first,
            last=last + 1.0,
        )
        self._seen_records = max(self._seen_records, float(age_records))
        self._forecast = None

    def forecast(self) -> DecayForecast:
        """What the measurements so far say."""
        if self._forecast is None:
            self._forecast = self._fitted()
        return self._forecast

    def _fitted(self) -> DecayForecast:
        half_life = expiry = _UNKNOWN
        seen = False
        if len(self._ticks) and self._ticks.records.max() > 0.0:
            fit = DecayFit(self._ticks, birth_error=self.birth_error)
            seen = fit.evidence >= _SURE
            half_life = _told(fit.reaches(0.5), fit.horizon, seen=seen)
            expiry = _told(fit.reaches(self.keep), fit.horizon, seen=seen)
        return DecayForecast(
            keep=self.keep,
            seen=seen,
            seen_records=self._seen_records,
            half_life_records=half_life[0],
            half_life_interval=half_life[1],
            half_life_hours=self._hours(half_life[0]),
            half_life_hours_interval=self._hours_of(half_life[1]),
            expiry_records=expiry[0],
            expiry_interval=expiry[1],
            expiry_hours=self._hours(expiry[0]),
            expiry_hours_interval=self._hours_of(expiry[1]),
        )

    def _hours_of(self, interval: Interval) -> Interval:
        return self._hours(interval[0]), self._hours(interval[1])

    def _hours(self, records: float | None) -> float | None:
        """An age in hours; None where it is not known or the clock has not moved."""
        if records is None or self._ticks.hours.max() <= 0.0:
            return None
        last_records, last_hours = float(self._ticks.records[-1]), float(self._ticks.hours[-1])
        if records > last_records > 0.0:
            return records * last_hours / last_records
        return float(np.interp(records, [0.0, *self._ticks.records], [0.0, *self._ticks.hours]))

    def state(self) -> dict[str, Any]:
        """Plain data that ``restore`` continues from, bit for bit."""
        return {
            "key": self.key,
            "ticks": self._ticks.state(),
            "seen_records": self._seen_records,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state.

        Raises:
            StateMismatch: If it was taken with other parameters.
        """
        if state["key"] != self.key:
            raise StateMismatch(
                f"state of key {state['key']} where keep={self.keep!r}, "
                f"birth_error={self.birth_error!r} and forgetting={self.forgetting!r} "
                f"have key {self.key}"
            )
        self._ticks.restore(state["ticks"])
        self._seen_records = state["seen_records"]
        self._forecast = None


def _told(
    quantiles: tuple[float, float, float], horizon: float, *, seen: bool
) -> tuple[float | None, Interval]:
    """An age and its interval, as far as they can be known."""
    low, middle, high = quantiles
    low = min(low, horizon)
    if not seen:
        return None, (low, None)
    return (middle if middle < horizon else None), (low, high if high < horizon else None)
