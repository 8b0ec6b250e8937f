"""How a client stands."""

from __future__ import annotations

from typing import NamedTuple

from .refused import Refused


class Status(NamedTuple):
    """What a client has done so far, and what holds it up.

    Args:
        recorded: Calls of ``record`` since the client began.
        sent: Records that the service has accepted since then, those of earlier runs included.
        waiting: Records that are still here.
        refused: Records that were not accepted since then; see ``Lab.refused()``.
        lost: Records that could be kept nowhere, because the spool or the memory was full.
        connected: Whether the last request was answered well; None before the first.
        trouble: What holds up the sending or the spool now, in words; empty if nothing does.
        last_refusals: The latest few of the refused.
        spool: The file in which records wait; empty while there is none.
    """

    recorded: int
    sent: int
    waiting: int
    refused: int
    lost: int
    connected: bool | None
    trouble: str
    last_refusals: tuple[Refused, ...]
    spool: str
