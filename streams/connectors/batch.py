"""Some of what a source said, and where to go on after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .arrival import Arrival
from .gap import Gap
from .refusal import Refusal

Position = Mapping[str, Any]
"""Plain data (JSON) from which a connector goes on; what it means is its own affair."""

Item = Arrival | Refusal | Gap


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that are written to Kafka together with the position behind them: all, or none.

    Args:
        items: In the source's order; at most a few thousand.
        position: Where to go on; None leaves the last one as it is.
    """

    items: Sequence[Item]
    position: Position | None = None
