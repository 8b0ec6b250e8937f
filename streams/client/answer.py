"""What the service answered to a batch."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

_READ: Final = {202, 422}


class Answer(NamedTuple):
    """An answer, whole.

    Args:
        status: Of HTTP.
        body: Its bytes.
        retry_after: That header; empty if there is none.
        location: That header, of a redirection.

    Example:
        >>> Answer(202, b'{"accepted": 2, "refused": []}').refusals(2)
        {}
        >>> Answer(202, b"<html>").refusals(2) is None
        True
        >>> Answer(503, b"", "7").wait_seconds(now=0.0)
        7.0
    """

    status: int
    body: bytes
    retry_after: str = ""
    location: str = ""

    def refusals(self, count: int) -> dict[int, tuple[str, str, str]] | None:
        """Reason, path and text by the place in the batch, of those that were not accepted.

        None if this is no answer about each of the records: then none of them is settled.

        Args:
            count: Of the records in the batch.
        """
        if self.status not in _READ:
            return None
        found = self._json()
        refused, accepted = found.get("refused"), found.get("accepted")
        if not isinstance(refused, list) or not isinstance(accepted, int):
            return None
        said: dict[int, tuple[str, str, str]] = {}
        for one in refused:
            index = one.get("index") if isinstance(one, dict) else None
            if not isinstance(index, int) or not 0 <= index < count:
                return None
            said[index] = (
                str(one.get("reason", "refused")),
                str(one.get("path", "")),
                str(one.get("text", "")),
            )
        return said if accepted + len(said) == count else None

    @property
    def is_too_much(self) -> bool:
        """Whether fewer records in one request might be taken.

        A 400 without a reason is none of the service's: something between is set up wrongly.
        """
        return self.status == 413 or (self.status == 400 and "reason" in self._json())

    def wait_seconds(self, now: float) -> float | None:
        """Seconds that the service asks to wait; None if it does not say.

        Args:
            now: Seconds since 1970, UTC.
        """
        text = self.retry_after.strip()
        try:
            seconds = float(text)
        except ValueError:
            seconds = _until(text, now)
        return seconds if math.isfinite(seconds) and seconds >= 0 else None

    def told(self) -> str:
        """What it says, for people."""
        found = self._json()
        words = str(found.get("detail") or self.body[:200].decode("utf-8", "replace").strip())
        place = f" to {self.location}, which is not followed" if self.location else ""
        return f"HTTP {self.status}{place}" + (f": {words[:500]}" if words else "")

    def _json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _until(text: str, now: float) -> float:
    """Seconds until a date of HTTP; NaN for what is none."""
    try:
        then = datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return math.nan
    return max(0.0, then.timestamp() - now)
