"""What is in Kafka, while nobody knows whether the broker has heard that it arrived."""

from __future__ import annotations

import base64
from typing import Final

from .heard import Heard

MOST_UNACKNOWLEDGED: Final = 500
"""Messages that a broker is asked to send at most before one is acknowledged (MQTT 5)."""

_SURE_SECONDS: Final = 60.0
_ENTRY: Final = 2 + 8
_UNTOLD: Final = 1 << 62
_RESTORED: Final = -1


class Written:
    """Tells a message that comes again after a failure from one that only looks alike.

    A broker sends again what was not acknowledged, with the same number and marked ``dup``. Only a
    message that has this mark, and whose number and content stand here, was written before. A
    number that comes without the mark belongs to a new message: the old one was acknowledged.

    Acknowledgements are not answered. So the broker is asked something else after some of them;
    when it answers, it has heard of all that were told before, and these are forgotten.

    Example:
        >>> first = Heard("t", b"1", qos=1, retain=False, dup=False, mid=7, time=0.0)
        >>> again = Heard("t", b"1", qos=1, retain=False, dup=True, mid=7, time=1.0)
        >>> written = Written()
        >>> written.add(first)
        >>> after_a_kill = Written(written.state(), now=0.5)
        >>> again in after_a_kill, first in after_a_kill
        (True, False)
        >>> written.acknowledged(first)
        >>> written.confirmed(written.asked())
        >>> len(written)
        0
    """

    def __init__(self, state: str = "", *, now: float = 0.0) -> None:
        packed = base64.b64decode(state)
        # Digest, and the round of questions in which it was acknowledged.
        self._known: dict[int, tuple[bytes, int]] = {
            int.from_bytes(packed[at : at + 2], "big"): (packed[at + 2 : at + _ENTRY], _RESTORED)
            for at in range(0, len(packed), _ENTRY)
        }
        self._restored = now
        self._round = 0

    def __contains__(self, heard: Heard) -> bool:
        known = self._known.get(heard.mid)
        return heard.dup and known is not None and known[0] == heard.digest

    def __len__(self) -> int:
        return len(self._known)

    @property
    def unsure(self) -> bool:
        """Whether something was acknowledged that is not confirmed."""
        return any(_RESTORED < number < _UNTOLD for _, number in self._known.values())

    def add(self, heard: Heard) -> None:
        """A message is being written."""
        if heard.qos:
            self._known.pop(heard.mid, None)
            self._known[heard.mid] = (heard.digest, _UNTOLD)

    def acknowledged(self, heard: Heard) -> None:
        """The broker is being told that a message arrived."""
        if heard.qos and heard.mid in self._known:
            self._known[heard.mid] = (self._known[heard.mid][0], self._round)

    def asked(self) -> int:
        """The broker is being asked something: the number of this round, for `confirmed`."""
        self._round += 1
        return self._round - 1

    def confirmed(self, number: int) -> None:
        """It has answered: what was acknowledged up to that round does not come again."""
        self._known = {
            mid: known
            for mid, known in self._known.items()
            if known[1] == _RESTORED or known[1] > number
        }

    def heard_at(self, time: float) -> None:
        """Messages of this time are looked at: long after a start nothing old comes again.

        Args:
            time: When the message arrived; seconds since 1970.
        """
        if self._restored and time - self._restored > _SURE_SECONDS:
            self._known = {m: known for m, known in self._known.items() if known[1] != _RESTORED}
            self._restored = 0.0

    def state(self) -> str:
        """All that is not confirmed, as text."""
        packed = b"".join(mid.to_bytes(2, "big") + each for mid, (each, _) in self._known.items())
        return base64.b64encode(packed).decode()
