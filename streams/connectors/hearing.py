"""Until when each of several things was listened to, and what was missed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from .gap import Gap

UNDER_WAY: Final = 2.0
"""Seconds that news may take to us: what was on its way when a connection broke is lost too."""

_MOST_NAMES: Final = 8


class Hearing:
    """For sources that say what happens only to who listens: the gaps between two hearings.

    Args:
        clock: Seconds since 1970.
        state: What `state` gave when it was last written down; None if it never was.

    Example:
        >>> hearing = Hearing(lambda: 50.0, {"t": [10.0, 9.5]})
        >>> hearing.up("t"), hearing.value("t", 50.0)
        (None, None)
        >>> gap = hearing.gaps()[0]
        >>> gap.first.timestamp(), gap.last.timestamp(), gap.text
        (9.5, 50.0, 'nobody listened to t: what it said meanwhile is not known')
        >>> hearing.gaps()
        []
    """

    def __init__(self, clock: Callable[[], float], state: Mapping[str, Any] | None = None) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, float]] = {
            name: (float(heard), float(said)) for name, (heard, said) in (state or {}).items()
        }
        self._deaf: set[str] = set()
        self._up: set[str] = set()
        self._missed: dict[str, float] = {}

    def __contains__(self, name: object) -> bool:
        """Whether it is listened to now."""
        return name in self._up

    def up(self, name: str) -> None:
        """It is listened to; what it said before is missed, once its first value is there."""
        if name not in self._up:
            self._up.add(name)
            if name in self._last:
                self._deaf.add(name)

    def down(self, name: str, heard: float) -> None:
        """It is listened to no more.

        Args:
            name: Of it.
            heard: When its server was last heard, in seconds since 1970.
        """
        self.alive([name], heard)
        self._up.discard(name)
        self._deaf.discard(name)

    def value(self, name: str, heard: float, said: float | None = None) -> None:
        """It said something.

        Args:
            name: Of it.
            heard: When that arrived.
            said: When it happened, as the source says it; None if it does not.
        """
        if name in self._deaf:
            self._deaf.discard(name)
            self._missed[name] = self._until(name)
        self._last[name] = heard, said or 0.0

    def alive(self, names: Iterable[str], heard: float) -> None:
        """Nothing more than what arrived had happened to them when their server was heard."""
        for name in names:
            if name in self._up and name not in self._deaf and name in self._last:
                before, said = self._last[name]
                self._last[name] = max(before, heard), said

    def gaps(self) -> list[Gap]:
        """What was missed and not told yet: one gap for all that are heard again."""
        if not self._missed:
            return []
        names = sorted(self._missed)
        last = self._clock()
        first = min(*self._missed.values(), last)
        self._missed.clear()
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        text = (
            f"nobody listened to {', '.join(names[:_MOST_NAMES])}{more}: "
            "what it said meanwhile is not known"
        )
        return [Gap(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC), text)]

    def state(self) -> dict[str, Any]:
        """Plain data (JSON) for a position."""
        return {name: list(times) for name, times in self._last.items()}

    def _until(self, name: str) -> float:
        """The time up to which everything that happened to it arrived.

        A source whose clock is ahead of ours says nothing about that.
        """
        heard, said = self._last[name]
        return max(heard - UNDER_WAY, said) if said <= heard else heard - UNDER_WAY
