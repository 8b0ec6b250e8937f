"""What is known about the decay of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

Interval = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class DecayForecast:
    """When a batch will have lost half of its fidelity, and when too much.

    Ages count from the birth of the batch. None is "not known": no decay was seen, or no upper
    end can be given.

    Args:
        keep: Retained share at which the batch expires.
        seen: Whether a decay was seen, beyond noise.
        seen_records: Greatest age at which it was measured.
        half_life_records: Age at which half is retained, in records.
        half_life_interval: The same with 90 % confidence.
        half_life_hours: The same in hours.
        half_life_hours_interval: The same with 90 % confidence.
        expiry_records: Age at which ``keep`` is crossed, in records.
        expiry_interval: The same with 90 % confidence.
        expiry_hours: The same in hours.
        expiry_hours_interval: The same with 90 % confidence.

    Example:
        >>> forecast = DecayForecast(0.9, True, 5_000.0, 4_000.0, (3_500.0, None), None,
        ...                          (None, None), 900.0, (700.0, 1_100.0), None, (None, None))
        >>> forecast.text
        'half-life 4,000 records (3,500 to ?); under 90 % at 900 records (700 to 1,100)'
    """

    keep: float
    seen: bool
    seen_records: float
    half_life_records: float | None
    half_life_interval: Interval
    half_life_hours: float | None
    half_life_hours_interval: Interval
    expiry_records: float | None
    expiry_interval: Interval
    expiry_hours: float | None
    expiry_hours_interval: Interval

    @property
    def text(self) -> str:
        """One sentence."""
        if not self.seen_records:
            return "not measured yet"
        shortest = self.half_life_interval[0]
        over = "" if shortest is None else f"half-life over {shortest:,.0f} records"
        if not self.seen:
            none = f"no decay seen in {self.seen_records:,.0f} records"
            return f"{none}; {over}" if over else none
        if self.half_life_records is not None:
            over = f"half-life {_between(self.half_life_records, self.half_life_interval)}"
        expiry = (
            "later"
            if self.expiry_records is None
            else "at " + _between(self.expiry_records, self.expiry_interval)
        )
        return f"{over}; under {self.keep:.0%} {expiry}".replace("%", " %")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        plain = asdict(self)
        for name in _intervals():
            plain[name] = list(plain[name])
        return {**plain, "text": self.text}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_dict`` gave."""
        given = {name: value for name, value in plain.items() if name != "text"}
        for name in _intervals():
            given[name] = tuple(given[name])
        return cls(**given)


def _intervals() -> list[str]:
    return [field.name for field in fields(DecayForecast) if field.name.endswith("interval")]


def _between(age: float, interval: Interval) -> str:
    """An age with its interval, as far as it is known."""
    low, high = ("?" if end is None else f"{end:,.0f}" for end in interval)
    return f"{age:,.0f} records ({low} to {high})"
