"""The decay of a batch in circulation, part by part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from halflife.monitors import Decay, DecayForecast, FidelityMeasure
from halflife.schemas.table import FloatArray

_APART: Final = 0.03
"""Relative error of every birth measure beside its noise: it rests on other numbers of rows than
the ticks do, and models learn more from more rows."""

_BEYOND: Final = math.sqrt(2.0 / math.pi)
"""Standard errors by which a score that was cut at 1 lay above it, on average."""


class PartDecays:
    """One ``Decay`` for each part of the fidelity, fed by the ticks of a batch.

    Args:
        birth: The measure that every tick is divided by.
        keep: Share of its birth fidelity that the batch must keep.
    """

    def __init__(self, birth: FidelityMeasure, keep: float) -> None:
        self.birth = birth
        self.keep = keep
        self._decays: dict[str, Decay] = {}

    def update(
        self,
        measure: FidelityMeasure,
        shares: Mapping[str, float],
        *,
        records: FloatArray,
        hours: FloatArray,
    ) -> None:
        """Take in a tick.

        Args:
            measure: Of the tick.
            shares: What each part has retained.
            records: Ages of the real rows that it measured, in records; those of the batch's own
                window are below 1.
            hours: The same in hours.
        """
        for part, share in shares.items():
            if part not in self._decays:
                self._decays[part] = self._new(part)
            error = measure.errors[part] / self.birth.parts[part]
            cut = measure.parts[part] >= 1.0
            self._decays[part].update(
                age_records=float(records.clip(0.0).mean()),
                age_hours=float(hours.clip(0.0).mean()),
                retained=share + _BEYOND * error if cut else share,
                error=error,
                span=(float(records[0]), float(records[-1])),
            )

    def seen(self, part: str) -> bool:
        """Whether a part was seen to decay, beyond noise."""
        return part in self._decays and self._decays[part].forecast().seen

    def forecast(self) -> tuple[str, DecayForecast]:
        """The part that decays first, and its forecast; where none does, the least sure one.

        Raises:
            ValueError: Before the first tick.
        """
        found = {part: decay.forecast() for part, decay in self._decays.items()}

        def soonness(part: str) -> tuple[bool, float, float]:
            forecast = found[part]
            shortest = forecast.half_life_interval[0]
            half_life = forecast.half_life_records
            return (
                not forecast.seen,
                math.inf if half_life is None else half_life,
                math.inf if shortest is None else shortest,
            )

        first = min(found, key=soonness)
        return first, found[first]

    def state(self) -> dict[str, Any]:
        """Plain data that ``restore`` continues from, bit for bit."""
        return {part: decay.state() for part, decay in self._decays.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self._decays = {part: self._new(part) for part in state}
        for part, decay in self._decays.items():
            decay.restore(state[part])

    def _new(self, part: str) -> Decay:
        noise = self.birth.errors[part] / self.birth.parts[part]
        return Decay(keep=self.keep, birth_error=math.hypot(noise, _APART))
