"""What a request led to, before it is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from halflife.schemas.regeneration import RegenerationRequest

from .challenger import Challenger


@dataclass(frozen=True, eq=False)
class Answer:
    """A challenger with its verdict, or why there is none.

    Args:
        request: What is answered.
        plan: Digest of the stream's part of the lab file that was used.
        challenger: What was trained, if it came so far.
        text: The verdict or the failure, in one sentence.
        attempts: How often training was begun, at least 1.
        seconds: How long training, sampling and judging took, in s.
        cpu_seconds: CPU time of the training processes, in s.
    """

    request: RegenerationRequest
    plan: str
    challenger: Challenger | None
    text: str
    attempts: int
    seconds: float
    cpu_seconds: float = 0.0

    @property
    def outcome(self) -> Literal["promoted", "rejected", "undecided", "failed"]:
        """How it ended."""
        if self.challenger is None:
            return "failed"
        if self.challenger.promoted:
            return "promoted"
        return "rejected" if self.challenger.more_records is None else "undecided"

    @property
    def more_records(self) -> int | None:
        """About how many more records would tell, where the gate cannot tell yet."""
        return None if self.challenger is None else self.challenger.more_records

    @property
    def verdict(self) -> dict[str, Any] | None:
        """What the gate said, if it came so far."""
        return None if self.challenger is None else self.challenger.verdict
