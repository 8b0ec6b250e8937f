"""What is known about the decay of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

Interval = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class DecayForecast:
    """When a batch will have lost half of its fidelity, and when too much.

    Ages count from the birth of the batch. None is "not known": no decay was seen, or no upper
    end can be given.

    Args:
        keep: Retained share at which the batch expires.
        seen_records: Greatest age at which it was measured.
        half_life_records: Age at which half is retained, in records.
        half_life_interval: The same with 95 % confidence.
        half_life_hours: The same in hours.
        expiry_records: Age at which ``keep`` is crossed, in records.
        expiry_interval: The same with 95 % confidence.
        expiry_hours: The same in hours.
    """

    keep: float
    seen_records: float
    half_life_records: float | None
    half_life_interval: Interval
    half_life_hours: float | None
    expiry_records: float | None
    expiry_interval: Interval
    expiry_hours: float | None

    @property
    def text(self) -> str:
        """One sentence."""
        if not self.seen_records:
            return "not measured yet"
        if self.half_life_records is None:
            shortest = self.half_life_interval[0]
            over = f"; half-life over {shortest:,.0f}" if shortest is not None else ""
            return f"no decay seen in {self.seen_records:,.0f} records{over}"
        return (
            f"half-life {_between(self.half_life_records, self.half_life_interval)}; "
            f"under {self.keep:.0%} at {_between(self.expiry_records, self.expiry_interval)}"
        ).replace("%", " %")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        plain = asdict(self)
        for name in ("half_life_interval", "expiry_interval"):
            plain[name] = list(plain[name])
        return {**plain, "text": self.text}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_dict`` gave."""
        given = {name: value for name, value in plain.items() if name != "text"}
        for name in ("half_life_interval", "expiry_interval"):
            given[name] = tuple(given[name])
        return cls(**given)


def _between(age: float | None, interval: Interval) -> str:
    """An age with its interval, as far as it is known."""
    low, high = ("?" if end is None else f"{end:,.0f}" for end in interval)
    return f"{age:,.0f} records ({low} to {high})"
