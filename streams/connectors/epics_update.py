"""What is heard of a channel of EPICS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicsUpdate:
    """One thing that was heard of a channel.

    Args:
        pv: Name of the channel.
        kind: ``up`` when it is connected, ``value`` for each value, ``down`` when it is gone.
        server: Address of the server, for people.
        heard: Seconds since 1970 by our clock; for ``down``: when its server was last heard.
        value: Of ``value``: plain data.
        severity: Of ``value``: 0 no alarm, 1 minor, 2 major, 3 invalid.
        stamp: Of ``value``: nanoseconds since 1970 as the server says it; None if it says none.
        unit: Of ``value``: as the server says it.
        text: Of ``down``: why.
    """

    pv: str
    kind: Literal["up", "value", "down"]
    server: str
    heard: float
    value: Any = None
    severity: int = 0
    stamp: int | None = None
    unit: str | None = None
    text: str = ""
