"""What a sender may leave out of a record, and what stands there then."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from halflife.schemas.errors import MessageError
from halflife.schemas.message import instant

from .turned_away import TurnedAway

INSTRUMENT: Final = "http"
KEY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!#-~]{1,150}")


@dataclass(frozen=True, slots=True)
class Gaps:
    """Fills the gaps of the records of one request.

    A record without a time happened when it came, and without an instrument, at ``http``. One
    without an identity has the request's ``Idempotency-Key`` with its place in the request behind
    it, so that the request sent again says the same; without such a header it is refused.

    Args:
        now: When the request came, as records write it.
        key: What its header said; None if there was none.

    Example:
        >>> record = {"stream": "opv", "values": {}}
        >>> Gaps("2026-11-22T10:00:00Z", "run-7").fill(record, 3)
        True
        >>> record["record_id"], record["instrument"]
        ('run-7-3', 'http')
    """

    now: str
    key: str | None

    @classmethod
    def of(cls, header: str | None, clock: Callable[[], float]) -> Gaps:
        """For a request.

        Args:
            header: Its ``Idempotency-Key``, as a text or in quotes; None if there is none.
            clock: Seconds since 1970 in UTC.

        Raises:
            TurnedAway: 400 for a key that cannot be part of an identity.
        """
        key = None
        if header is not None:
            key = header.strip().removeprefix('"').removesuffix('"')
            if _KEY.fullmatch(key) is None:
                text = f"{KEY_HEADER}: 1 to 150 visible ASCII characters without quotes are due."
                raise TurnedAway(400, "bad-idempotency-key", text)
        return cls(instant(datetime.fromtimestamp(clock(), UTC)), key)

    def fill(self, record: dict[str, Any], index: int) -> bool:
        """Whether something was filled in.

        Raises:
            MessageError: If there is no identity, and no key to make one.
        """
        before = len(record)
        if "record_id" not in record:
            record["record_id"] = self.identity(index)
        record.setdefault("time", self.now)
        record.setdefault("instrument", INSTRUMENT)
        return len(record) != before

    def identity(self, index: int) -> str:
        """Of the record at a place of the request.

        Raises:
            MessageError: Without a key.
        """
        if self.key is None:
            said = (
                "every record needs a record_id, the same whenever it is sent again; "
                f"or send the header {KEY_HEADER}, unlike that of any other request"
            )
            raise MessageError("missing-field", "record_id", said)
        return f"{self.key}-{index}"
