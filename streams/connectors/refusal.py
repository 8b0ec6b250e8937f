"""What a source gave and nobody can understand."""

from __future__ import annotations

from dataclasses import dataclass

from halflife.schemas.errors import MessageError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something on its way to the dead letters.

    Args:
        address: Where it stood, as of an `Arrival`.
        error: Reason, field path and text.
        raw: The bytes as they came.
        is_record: Whether ``raw`` is a record as the topic of records has it, and can be sent
            again when what was wrong is mended.
    """

    address: str
    error: MessageError
    raw: bytes
    is_record: bool = False
