"""What a request holds: records to be checked, and what can be none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from halflife.schemas.errors import MessageError


@dataclass(frozen=True, slots=True)
class Refused:
    """One record of a request that cannot be used.

    Args:
        index: Its place among the records of the request, from 0.
        error: Reason, field path and text.
        raw: Its bytes.
        is_record: Whether they are a record as the topic of records has it, and can be sent again
            when what was wrong is mended.
    """

    index: int
    error: MessageError
    raw: bytes
    is_record: bool = True


@dataclass(slots=True)
class Intake:
    """The records of a request, in their order.

    Args:
        values: As they will stand in Kafka; still to be checked.
        parsed: What stands in them, where it was parsed anyway; None where it was not.
        indices: The place of each in the request, from 0, rising.
        refused: What can be no record.

    Example:
        >>> intake = Intake()
        >>> intake.add(0, b"{}")
        >>> intake.count
        1
    """

    values: list[bytes] = field(default_factory=list)
    parsed: list[dict[str, Any] | None] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Of all of them."""
        return len(self.values) + len(self.refused)

    def add(self, index: int, value: bytes, parsed: dict[str, Any] | None = None) -> None:
        """One more record."""
        self.indices.append(index)
        self.values.append(value)
        self.parsed.append(parsed)

    def refuse(
        self, index: int, error: MessageError, raw: bytes, *, is_record: bool = True
    ) -> None:
        """One more that can be none."""
        self.refused.append(Refused(index, error, raw, is_record))
