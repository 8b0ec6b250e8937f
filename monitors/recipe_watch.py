"""One recipe of a stream: by which reference it is judged, and what it has seen."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Table

from .alarm import DriftAlarm
from .arrays import pack, unpack
from .drift import Drift
from .errors import ReferenceTooShort
from .recipe_note import named
from .recipe_profile import RecipeProfile
from .rewindable import Rewindable

Places = NDArray[np.int64]
Status = Literal["new", "alone", "apart", "lent", "own", "held"]
FIRST: Final = 30
"""Records of a recipe by which the nearest other one is chosen."""
_KEPT: Final = 512  # places of records that are known exactly; older ones are interpolated
_NONE: Final = np.empty(0, dtype=np.int64)


class RecipeWatch:
    """The records of one recipe, its reference or that which it was lent, and its monitor.

    It is *new* until `FIRST` records have come, then *lent* the nearest reference, or *apart* from
    all of them, or *alone* with none to lend. With ``goal`` records its reference can be its *own*.
    *Held* it collects its latest records and waits to be released.

    A lent reference is another recipe's, and no promise holds for a recipe that differs from it.
    So what a monitor on a lent reference finds is an alarm only if the recipe's own records
    confirm it: a second monitor, at the same promise, whose reference is the recipe's own records
    before the estimated change, must fire on those after it.

    Args:
        recipe: Its name; None stands for records that name none.
        table: Of the stream.
        false_alarms: Records of this recipe between false alarms, at least.
        reference: Records that make a reference of its own.
        seed: Of its monitors.

    Attributes:
        status: See above.
        goal: Records at which its own reference is due.
        count: Its records so far.
        last: Place in the stream of its latest record.
        rows: Its records, until it has a reference of its own.
        lender: Whose reference it is judged by, while ``status`` is ``"lent"``.
        divergence: From the nearest recipe when that was chosen, in nats a record.
        profile: Of its own reference, once it has one.

    Example:
        >>> from halflife.schemas.table import Column
        >>> watch = RecipeWatch("B", Table((Column(name="x"),)), false_alarms=1000, reference=100,
        ...                     seed=0)
        >>> watch.status, watch.room
        ('new', 30)
    """

    def __init__(
        self, recipe: str | None, table: Table, *, false_alarms: float, reference: int, seed: int
    ) -> None:
        self.recipe, self.table, self.goal = recipe, table, reference
        self.false_alarms, self.seed = false_alarms, seed
        self.status: Status = "new"
        self.count = 0
        self.last = -1
        self.rows = Block.empty(table)
        self.lender: str | None = None
        self.divergence = 0.0
        self.profile: RecipeProfile | None = None
        self._tape: Rewindable[Drift, Block] | None = None
        self._start = 0  # record of this recipe from which its monitor counts
        self._fresh: list[Any] = []
        self._first_place = 0
        self._places = _NONE
        self._doubt: int | None = None
        self._next_doubt = 0
        self._heard = self.rows, _NONE

    @property
    def drift(self) -> Drift | None:
        """The monitor that judges it, if one does."""
        return None if self._tape is None else self._tape.monitor

    @property
    def is_due(self) -> bool:
        """Whether its own reference can be learned now."""
        return self.status not in {"own", "held"} and self.count >= self.goal

    @property
    def is_unsettled(self) -> bool:
        """Whether its nearest recipe has to be found now."""
        return self.status == "new" and self.count >= FIRST

    @property
    def room(self) -> int:
        """Records that it can take until one of these changes."""
        if self.status in {"own", "held"}:
            return sys.maxsize
        stops = [self.goal] + [FIRST] * (self.status == "new")
        return min((stop for stop in stops if stop > self.count), default=self.goal) - self.count

    # A piece of the stream: hear it, weigh what was found, perhaps go back, then file it

    def hear(self, block: Block, places: Places) -> list[DriftAlarm]:
        """What the monitor finds in its next records; indices are records of this recipe."""
        self._heard = block, places
        if self._tape is None:
            return []
        return [
            replace(
                alarm,
                record=self._start + alarm.record,
                change_point=self._start + alarm.change_point,
            )
            for alarm in self._tape.update(block)
        ]

    def back(self, count: int) -> None:
        """Leave out the last ``count`` of the records that were just heard."""
        block, places = self._heard
        self._heard = block[: len(block) - count], places[: len(places) - count]
        if self._tape is not None:
            self._tape.back(count)

    def file(self) -> None:
        """Count what was heard, and keep it while there is no reference of its own."""
        block, places = self._heard
        self._heard = self.rows[:0], _NONE
        if len(block) == 0:
            return
        if self.count == 0:
            self._first_place = int(places[0])
        self.count += len(block)
        self.last = int(places[-1])
        self._places = np.concatenate([self._places, places])[-max(_KEPT, self.goal) :]
        if self.status != "own":
            rows = Block.concatenate([self.rows, block])
            self.rows = rows[max(0, len(rows) - self.goal) :] if self.status == "held" else rows

    def weigh(self, alarm: DriftAlarm) -> tuple[Literal["fault", "apart", "doubt", ""], int]:
        """What an alarm on a lent reference is worth, and since which record of this recipe."""
        if not alarm.is_fault or self.status != "lent":
            return "", 0
        if alarm.change_point < FIRST:
            self.status, self._tape = "apart", None
            return "apart", 0
        size = alarm.record + 1
        if size < self._next_doubt:
            return "", 0
        rows = Block.concatenate([self.rows, self._heard[0][: size - self.count]])
        splits = {alarm.change_point, alarm.change_point if self._doubt is None else self._doubt}
        for split in sorted(splits):
            if self._confirms(rows, split):
                return "fault", split
        # Each trial costs a fit, and a model of the set-points is dear.
        self._next_doubt = size + max(5, size // (5 if self.table.set_points else 20))
        if self._doubt is None:
            self._doubt = alarm.change_point
            return "doubt", alarm.change_point
        return "", 0

    def _confirms(self, rows: Block, split: int) -> bool:
        """Whether records after the split are not as those before it, at the promise."""
        drift = Drift(self.table, false_alarms=self.false_alarms, seed=self.seed)
        try:
            drift.fit(rows[:split])
        except ReferenceTooShort:
            return False
        return any(alarm.is_fault for alarm in drift.update(rows[split:]))

    def place_of(self, record: int) -> int:
        """Where in the stream a record of this recipe stood; far back, about where."""
        heard, kept = self._heard[1], self._places
        if record >= self.count:
            return int(heard[record - self.count])
        oldest = self.count - len(kept)
        if record >= oldest:
            return int(kept[record - oldest])
        share = record / oldest
        return round(self._first_place + share * (int(kept[0]) - self._first_place))

    # References

    def lend(self, lender: RecipeWatch, divergence: float) -> bool:
        """Judge it by the reference of another recipe, unless its records are too unlike that."""
        drift = Drift(self.table, false_alarms=self.false_alarms, seed=self.seed)
        drift.restore(lender.fresh_state())
        self.lender, self.divergence = lender.recipe, divergence
        if any(alarm.is_fault for alarm in drift.update(self.rows)):
            self.status = "apart"
            return False
        self.status, self._tape, self._start = "lent", Rewindable(drift, Block.concatenate), 0
        return True

    def begin(self, state: Mapping[str, Any]) -> None:
        """Go on with a monitor that was fitted on its records."""
        drift = Drift(self.table, false_alarms=self.false_alarms, seed=self.seed)
        drift.restore(state)
        self.profile = RecipeProfile.fit(self.rows)
        self._fresh = [group["running"] for group in state["groups"]]
        self._adopt(drift)

    def _adopt(self, drift: Drift) -> None:
        self.status, self._tape, self._start = (
            "own",
            Rewindable(drift, Block.concatenate),
            self.count,
        )
        self.rows, self._doubt, self.lender = self.rows[:0], None, None
        self._places = self._places[-_KEPT:]

    @classmethod
    def running(cls, drift: Drift, *, reference: int) -> RecipeWatch:
        """What has no recipe, whose monitor runs already; its reference is not there to be lent."""
        watch = cls(
            None, drift.table, false_alarms=drift.false_alarms, reference=reference,
            seed=drift.seed,
        )  # fmt: skip
        watch.count = drift.seen
        watch._places = np.arange(max(0, drift.seen - _KEPT), drift.seen, dtype=np.int64)
        watch.last = drift.seen - 1
        watch._adopt(drift)
        watch._start = 0
        return watch

    def fresh_state(self) -> dict[str, Any]:
        """The state that its monitor had when it was fitted."""
        if self._tape is None:
            raise ValueError(f"{named(self.recipe)} has no reference")
        state = self._tape.monitor.state()
        pairs = zip(state["groups"], self._fresh, strict=True)
        return {**state, "seen": 0, "groups": [{**g, "running": fresh} for g, fresh in pairs]}

    def release(self) -> None:
        """Let a held recipe go on, from the records that it kept."""
        if self.status == "held":
            self.status, self.count = "new", len(self.rows)
            self._places = self._places[len(self._places) - self.count :]
            self._first_place = int(self._places[0]) if self.count else 0

    # State

    def state(self) -> dict[str, Any]:
        """As plain data, between two pieces of the stream."""
        return {
            "recipe": self.recipe,
            "status": self.status,
            "goal": self.goal,
            "count": self.count,
            "last": self.last,
            "rows": {"numbers": pack(self.rows.numbers), "texts": self.rows.texts.tolist()},
            "lender": self.lender,
            "divergence": self.divergence,
            "profile": self.profile and self.profile.state(),
            "drift": self._tape and self._tape.monitor.state(),
            "start": self._start,
            "fresh": self._fresh,
            "first_place": self._first_place,
            "places": pack(self._places),
            "doubt": self._doubt,
            "next_doubt": self._next_doubt,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.status, self.goal = state["status"], int(state["goal"])
        self.count, self.last = int(state["count"]), int(state["last"])
        numbers = unpack(state["rows"]["numbers"])
        texts = np.empty((len(numbers), len(self.table.categories)), dtype=object)
        texts[:] = np.array(state["rows"]["texts"], dtype=object).reshape(texts.shape)
        self.rows = Block(self.table, numbers, texts)
        self.lender, self.divergence = state["lender"], float(state["divergence"])
        known = state["profile"]
        self.profile = None if known is None else RecipeProfile.of_state(known)
        self._tape = None
        if state["drift"] is not None:
            drift = Drift(self.table, false_alarms=self.false_alarms, seed=self.seed)
            drift.restore(state["drift"])
            self._tape = Rewindable(drift, Block.concatenate)
        self._start, self._fresh = int(state["start"]), list(state["fresh"])
        self._first_place, self._places = int(state["first_place"]), unpack(state["places"])
        self._doubt, self._next_doubt = state["doubt"], int(state["next_doubt"])
