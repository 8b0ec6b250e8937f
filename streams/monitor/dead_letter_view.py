"""A message that could not be used, as the live page shows it."""

from __future__ import annotations

from typing import Any, Final

from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.watch.reject import Reject

_BEGINNING: Final = 200


def dead_letter_view(letter: DeadLetter, time: float) -> dict[str, Any]:
    """Why it could not be used, where it stands, and how it begins.

    Args:
        letter: As it lies in the topic.
        time: When it came, seconds since 1970.
    """
    return {
        "reason": letter.reason,
        "text": letter.text,
        "path": letter.path,
        "partition": letter.partition,
        "offset": letter.offset,
        "address": letter.address,
        "time": time,
        "key": _beginning(letter.key),
        "value": _beginning(letter.value),
    }


def letter_of(reject: Reject, partition: int) -> DeadLetter:
    """A message on its way to the dead letters, as far as the page shows it."""
    return DeadLetter(
        reason=reject.error.reason,
        text=reject.error.text,
        path=reject.error.path,
        topic="",
        partition=partition,
        offset=reject.message.offset,
        key=reject.message.key,
        value=reject.value,
    )


def _beginning(value: bytes | None) -> str:
    text = (value or b"")[: 4 * _BEGINNING].decode("utf-8", "replace")
    return text[:_BEGINNING] + ("…" if len(text) > _BEGINNING else "")
