"""What a connector is told of the machine that it runs on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from halflife.schemas.settings import Settings


def _unheard(state: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Everything that a connector may use beside its plan.

    Args:
        settings: Of the machine.
        environ: Its environment variables: secrets may stand there.
        dry_run: Whether it is only looked at: then nothing may change in the source (no
            acknowledgement, no lasting session, no group of consumers), and it begins where
            something can be seen soon.
        clock: Seconds since 1970 in UTC.
        connected: To be called when the source can be heard, with its address for people.
    """

    settings: Settings
    environ: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    clock: Callable[[], float]
    connected: Callable[[str], None] = _unheard

    @property
    def log(self) -> logging.Logger:
        """Where a connector may say what a person should know."""
        return logging.getLogger("halflife.streams.connectors")
