"""What is in Kafka and perhaps not acknowledged."""

from __future__ import annotations

import base64
import math
from typing import Final

from .heard import Heard

MOST_UNACKNOWLEDGED: Final = 500
"""Messages that a broker may send before we acknowledge one (MQTT 5); remembered of any broker."""

_SURE_SECONDS: Final = 60.0
_ENTRY: Final = 2 + 8


class Written:
    """Tells a message that comes again after a failure from one that only looks alike.

    A broker sends again what was not acknowledged, with the same number and marked ``dup``. Only a
    message that has this mark, and whose number and content stand here, was written before. A
    number that comes without the mark belongs to a new message: the old one was acknowledged.

    Example:
        >>> first = Heard("t", b"1", qos=1, retain=False, dup=False, mid=7, time=0.0)
        >>> again = Heard("t", b"1", qos=1, retain=False, dup=True, mid=7, time=1.0)
        >>> written = Written()
        >>> written.add(first)
        >>> after_a_kill = Written(written.state(0.0), now=0.5)
        >>> again in after_a_kill, first in after_a_kill
        (True, False)
    """

    def __init__(self, state: str = "", *, now: float = 0.0) -> None:
        """With the state of a predecessor, what it did not see acknowledged counts from now."""
        packed = base64.b64decode(state)
        self._known: dict[int, tuple[bytes, float]] = {
            int.from_bytes(packed[at : at + 2], "big"): (packed[at + 2 : at + _ENTRY], now)
            for at in range(0, len(packed), _ENTRY)
        }

    def __contains__(self, heard: Heard) -> bool:
        known = self._known.get(heard.mid)
        return heard.dup and known is not None and known[0] == heard.digest

    def __len__(self) -> int:
        return len(self._known)

    def add(self, heard: Heard) -> None:
        """A message is being written."""
        if heard.qos:
            self._known.pop(heard.mid, None)
            self._known[heard.mid] = (heard.digest, math.inf)

    def acknowledged(self, heard: Heard, now: float) -> None:
        """The broker is being told that a message arrived; nobody says whether it hears that.

        Args:
            heard: The message.
            now: Seconds since 1970.
        """
        if heard.qos and heard.mid in self._known:
            self._known[heard.mid] = (self._known[heard.mid][0], now)

    def state(self, now: float) -> str:
        """As text, without what the broker has surely heard of: it is long ago, or much came since.

        Args:
            now: Seconds since 1970.
        """
        late = [mid for mid, (_, time) in self._known.items() if now - time > _SURE_SECONDS]
        for mid in late + list(self._known)[: -2 * MOST_UNACKNOWLEDGED]:
            self._known.pop(mid, None)
        packed = b"".join(mid.to_bytes(2, "big") + each for mid, (each, _) in self._known.items())
        return base64.b64encode(packed).decode()
