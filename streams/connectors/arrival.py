"""What a source gave, before anybody asked what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The values of one record, under the source's own names.

    Args:
        values: By name; mappings and lists may be inside each other.
        address: Where it stood, for people: ``runs.csv, line 17``, ``mqtt://broker/lab/hplc``.
        record_id: Its identity: the same whenever the source says the same thing again, and
            another for every other record of the source.
        time: When it happened, with a zone, or naive where the source writes no zone; None if the
            source does not say.
        raw: The bytes as they came, for the dead letters; empty where there were none.
        units: Of values, by their path, where the source says them.
        instrument: If the source says it.
        recipe: If the source says it.
        roles: What the source says a value is: 'set-point' or 'measured', by path.
    """

    values: Mapping[str, Any]
    address: str
    record_id: str
    time: datetime | None = None
    raw: bytes = b""
    units: Mapping[str, str] = field(default_factory=dict)
    instrument: str | None = None
    recipe: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
