"""Records out of values that arrive one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from .joined import Joined

_MOST_NAMES: Final = 10_000


class _Heard(NamedTuple):
    """The latest value of a name, as its source gave it."""

    value: Any
    time: float
    unit: str | None


class Joiner:
    """Joins values by name: when a trigger arrives, or when they come within a time.

    With ``trigger``, its arrival makes a record of the latest value of each name; with ``settle``
    beside it, values that come so soon after it are in that record too. With ``within``,
    a record begins with any value; it is whole when all names are there, and ends as it is when a
    name comes for the second time, when a value is further away, or when `flush` finds that the
    time has passed. Every value is in one record then, whatever is late.

    Args:
        names: Which values count, others are ignored; None for all.
        trigger: Name whose arrival makes a record; its value is in the record too.
        within: Seconds between the first and the last value of a record.
        required: Names without which a record is told to be missing something; default ``names``.
        max_age: With a trigger: seconds after which a value is too old to count.
        settle: With a trigger: seconds for which values that belong to it may come after it; its
            next arrival ends them sooner.

    Raises:
        ValueError: If not exactly one of ``trigger`` and ``within`` is given.

    Example:
        >>> joiner = Joiner(["t", "p"], trigger="done")
        >>> joiner.put("t", 21.5, 1.0, "degC"), joiner.put("p", 3.0, 1.2)
        ([], [])
        >>> joiner.put("done", 1, 2.0)
        [Joined(values={'t': 21.5, 'p': 3.0, 'done': 1}, time=2.0, units={'t': 'degC'}, missing=())]
        >>> joiner = Joiner(["t", "p"], within=0.5)
        >>> joiner.put("t", 21.5, 1.0), joiner.flush(1.2), joiner.flush(1.6)[0].missing
        ([], [], ('p',))
    """

    def __init__(
        self,
        names: Iterable[str] | None = None,
        *,
        trigger: str | None = None,
        within: float | None = None,
        required: Iterable[str] | None = None,
        max_age: float | None = None,
        settle: float = 0.0,
    ) -> None:
        if (trigger is None) == (within is None):
            raise ValueError("either trigger or within")
        if (max_age is not None or settle) and trigger is None:
            raise ValueError("max_age and settle are for a trigger")
        if within is not None and not within > 0:
            raise ValueError("within must be above 0")
        self._names = None if names is None else tuple(dict.fromkeys(names))
        self._required = tuple(dict.fromkeys(self._names or () if required is None else required))
        self._trigger = trigger
        self._within = within
        self._max_age = max_age
        self._settle = settle
        self._settling: float | None = None
        self._heard: dict[str, _Heard] = {}
        self._began: float | None = None

    def __len__(self) -> int:
        """How many names have a value that is waiting for others."""
        return len(self._heard)

    def __contains__(self, name: object) -> bool:
        return name in self._heard

    @property
    def settles(self) -> bool:
        """Whether a trigger came whose record is still to be made."""
        return self._settling is not None

    def put(
        self,
        name: str,
        value: Any,
        time: float,
        unit: str | None = None,
        *,
        now: float | None = None,
    ) -> list[Joined]:
        """The records that a value completes: none, one or, with ``within``, two.

        With ``settle`` a trigger completes the record of the one before it, if that still waits.

        Args:
            name: Of the value.
            value: Plain data.
            time: Seconds since 1970, as the source says it.
            unit: If the source says it.
            now: When it arrived, by the clock that `flush` is called with; default ``time``.
        """
        if not self._counts(name):
            return []
        heard = _Heard(value, time, unit)
        if self._trigger is not None:
            before = self._settled() if name == self._trigger else []
            self._heard[name] = heard
            if name != self._trigger:
                return []
            if not self._settle:
                return [self._at_trigger(time)]
            self._settling, self._began = time, time if now is None else now
            return before
        done = [] if self._fits(name, time) else self._end()
        if not self._heard:
            self._began = time if now is None else now
        self._heard[name] = heard
        if self._names is not None and len(self._heard) == len(self._names):
            done += self._end()
        return done

    def flush(self, now: float) -> list[Joined]:
        """The record whose time has passed, if there is one.

        Args:
            now: Seconds since 1970, by the clock of ``now`` in `put`; infinity for whatever waits.
        """
        if self._trigger is not None:
            due = self._began is None or now - self._began > self._settle
            return self._settled() if due else []
        if self._within is None or self._began is None or now - self._began <= self._within:
            return []
        return self._end()

    def forget(self, name: str | None = None) -> None:
        """A value counts no more, because its source is gone; None for all."""
        if name is None:
            self._heard.clear()
        else:
            self._heard.pop(name, None)
        if not self._heard:
            self._began = self._settling = None

    def state(self) -> dict[str, Any]:
        """Everything that was heard and is waiting, as plain data (JSON)."""
        return {
            "heard": {name: list(heard) for name, heard in self._heard.items()},
            "began": self._began,
            "settling": self._settling,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave; names that do not count any more are left out."""
        self._heard = {
            name: _Heard(value, float(time), unit)
            for name, (value, time, unit) in state["heard"].items()
            if self._counts(name)
        }
        began = state["began"]
        self._began = None if began is None or not self._heard else float(began)
        settling = state.get("settling")
        self._settling = None if settling is None or not self._heard else float(settling)

    def _counts(self, name: str) -> bool:
        if name == self._trigger or name in self._heard:
            return True
        if self._names is not None:
            return name in self._names
        return len(self._heard) < _MOST_NAMES

    def _fits(self, name: str, time: float) -> bool:
        """Whether a value belongs to the record that is open."""
        if name in self._heard:
            return False
        times = [time, *(heard.time for heard in self._heard.values())]
        return self._within is not None and max(times) - min(times) <= self._within

    def _at_trigger(self, time: float) -> Joined:
        fresh = {
            name
            for name, heard in self._heard.items()
            if self._max_age is None or time - heard.time <= self._max_age
        }
        return self._joined(fresh, time)

    def _settled(self) -> list[Joined]:
        """The record of a trigger that came some time ago."""
        if self._settling is None:
            return []
        done = [self._at_trigger(self._settling)]
        self._began = self._settling = None
        return done

    def _end(self) -> list[Joined]:
        if not self._heard:
            return []
        time = max(heard.time for heard in self._heard.values())
        done = self._joined(set(self._heard), time)
        self._heard, self._began = {}, None
        return [done]

    def _joined(self, fresh: set[str], time: float) -> Joined:
        heard = self._heard
        return Joined(
            {name: each.value if name in fresh else None for name, each in heard.items()},
            time,
            {name: each.unit for name, each in heard.items() if each.unit is not None},
            tuple(name for name in self._required if name not in fresh),
        )
