"""What is heard of a property of SiLA 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SilaUpdate:
    """One thing that was heard of a property.

    Args:
        name: Feature and property.
        heard: Seconds since 1970.
        value: Plain data.
        trouble: Why there is no value; empty if there is one.
    """

    name: str
    heard: float
    value: Any = None
    trouble: str = ""
