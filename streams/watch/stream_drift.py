"""The drift monitor of a stream, with recipes or without, in the stream's own count of records."""

from __future__ import annotations

from collections.abc import Generator
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors import Drift, DriftAlarm, RecipeDrift, RecipeNote
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block

from .identity import derived_seed
from .rows import Rows
from .ticks import FAR
from .work import Work, fit_reference

_LEFT: Final = 0.5  # of the latest records at unknown set-points: the planner has left

Asides = list[tuple[int, DriftAlarm | list[RecipeNote]]]


class StreamDrift:
    """Watches a stream for drift from its reference; none is watched before there is one.

    From the first record that names a recipe on, recipes are told apart: each has a reference of
    its own, and a change in one leaves the others as they are. Before, and in a stream whose
    records never name one, there is one reference for all.

    Args:
        plan: The stream as the lab file declares it.

    Attributes:
        monitor: That watches, if one does.
        start: Record of the stream from which its alarms count.
        reference_rows: Records that the reference has, or had to begin with.
    """

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.monitor: Drift | RecipeDrift | None = None
        self.start = 0
        self.reference_rows = 0
        self._before: dict[str, Any] | None = None

    def statistics(self) -> dict[str, tuple[float, float]]:
        """Of each kind of drift that is watched, its statistic and its threshold, in nats."""
        return {} if self.monitor is None else self.monitor.statistics()

    def room(self, rows: Rows) -> int:
        """How many of the rows come before recipes begin to be told apart; else all."""
        if isinstance(self.monitor, Drift):
            return rows.without_recipe or len(rows)
        return len(rows)

    def take(self, rows: Rows, records: int) -> tuple[Rows, DriftAlarm | None, Asides]:
        """Watch rows up to the first fault.

        Args:
            rows: The next of the stream, within `room`.
            records: Of the stream before them.

        Returns:
            The rows that were taken, the fault in the last of them if there is one, and what is no
            fault, each with the index of its row. Notes on the last row are not yet among these:
            they are given by `learn_due` with what else becomes known there.
        """
        alarms, rows = self._update(rows)
        before = records - self.start
        fault = next((alarm for alarm in alarms if alarm.is_fault), None)
        if fault is not None:
            rows = rows[: fault.record - before + 1]
        asides: Asides = [
            (alarm.record - before, alarm)
            for alarm in alarms
            if not alarm.is_fault and alarm.record - before < len(rows)
        ]
        if isinstance(self.monitor, RecipeDrift):
            notes = self.monitor.take_notes(self.monitor.seen - 1)
            asides += [(r - before, list(some)) for r, some in groupby(notes, lambda n: n.record)]
        return rows, fault, sorted(asides, key=lambda aside: aside[0])

    def _update(self, rows: Rows) -> tuple[list[DriftAlarm], Rows]:
        if self.monitor is None:
            return [], rows
        if isinstance(self.monitor, Drift) and rows.without_recipe == 0:
            self.monitor = RecipeDrift.continuing(self.monitor, reference=self.plan.reference)
        if isinstance(self.monitor, Drift):
            return self.monitor.update(rows.block), rows
        alarms, taken = self.monitor.take(rows.block, rows.recipe_of_each)
        return alarms, rows[:taken]

    def learn(self, rows: Rows, *, records: int, seed: int) -> Generator[Work, Any, str | None]:
        """Begin to watch, from the records of this epoch; why they are too few, if they are.

        Args:
            rows: The records of this epoch, or the latest of them.
            records: Of the stream so far.
            seed: Of the monitor.
        """
        if isinstance(self.monitor, RecipeDrift):
            self.reference_rows = self.plan.reference  # that of each recipe follows its own count
            self.monitor.release()
            return None
        self.monitor, self.reference_rows, self._before = None, len(rows), None
        if rows.without_recipe < len(rows):
            self.monitor, self.start = self._of_recipes(), records
            self.monitor.collect(rows.block, rows.recipe_of_each)
            return None
        return (yield from self._fit(rows, records=records, seed=seed))

    def _fit(self, rows: Rows, *, records: int, seed: int) -> Generator[Work, Any, str | None]:
        """Watch from a reference on; why it is too short, and nothing else, if it is."""
        promise = self.plan.false_alarms
        result = yield Work(fit_reference, (self.plan.table, promise, seed, rows.block))
        if "too_short" in result:
            return str(result["too_short"])
        self.monitor, self.start = self._of_all(seed), records
        self.monitor.restore(result["state"])
        return None

    def look(self, records: int) -> int:
        """Number of records at which it is next looked whether the planner has left.

        That is after as many as a reference has, and then after half as many more.
        """
        if not (isinstance(self.monitor, Drift) and self.plan.table.set_points):
            return FAR
        step = max(1, self.plan.reference // 2)
        return self.start + step * max(2, (records - self.start) // step + 1)

    def unknown(self, block: Block) -> NDArray[np.bool_]:
        """Which records have set-points that the reference does not know, shape (n,)."""
        if not isinstance(self.monitor, Drift):
            return np.zeros(len(block), dtype=np.bool_)
        return self.monitor.unknown(block)

    def has_left(self, unknown: NDArray[np.bool_]) -> bool:
        """Whether most of the latest records are at set-points that the reference does not know.

        Args:
            unknown: What `unknown` says of the latest; fewer than a reference has do not tell.
        """
        return len(unknown) >= self.plan.reference and float(unknown.mean()) > _LEFT

    def follow(self, rows: Rows, *, records: int, seed: int) -> Generator[Work, Any, bool]:
        """Take the latest records as the reference, if they suffice; whether they do.

        Args:
            rows: The latest records of this epoch.
            records: Of the stream so far.
            seed: Of the monitor.
        """
        suffices = (yield from self._fit(rows, records=records, seed=seed)) is None
        if suffices:
            self.reference_rows = len(rows)
        return suffices

    def learn_due(self) -> Generator[Work, Any, list[RecipeNote]]:
        """Learn the references of recipes that are complete; what became known at this record."""
        drift = self.monitor
        if not isinstance(drift, RecipeDrift):
            return []
        for recipe in drift.due:
            asked = (drift.table, drift.false_alarms, drift.seed, drift.collected(recipe))
            result = yield Work(fit_reference, asked)
            if "too_short" in result:
                drift.postpone(recipe, result["need"], result["too_short"])
            else:
                drift.begin(recipe, result["state"])
        drift.settle()
        return drift.take_notes()

    @property
    def is_settled(self) -> bool:
        """Whether every recipe has a reference of its own, or has hardly been seen."""
        recipes = self.monitor.standings if isinstance(self.monitor, RecipeDrift) else {}
        return {"own", "new"}.issuperset(recipes.values())

    def begin_again(self, alarm: DriftAlarm, latest: Rows, *, records: int) -> None:
        """Forget what was normal before a fault: for its recipe, where recipes are told apart.

        Args:
            alarm: The fault, in the record taken last.
            latest: The last rows of the stream, from the change on.
            records: Of the stream so far.
        """
        self.reference_rows, reference = 0, self.reference_rows
        if isinstance(self.monitor, Drift):
            self.monitor.rest()
            self._before = {"monitor": self.monitor.state(), "rows": reference}
            self._before["seed"] = self.monitor.seed
        if not isinstance(self.monitor, RecipeDrift):
            self.monitor = None
            return
        chosen = latest.rows_of(alarm.recipe)
        places = records - len(latest) - self.start + chosen
        wait = self.plan.on_drift == "ask"
        self.monitor.begin_again(alarm.recipe, latest.block[chosen], places, wait=wait)

    def resume(self, *, records: int) -> bool:
        """Watch again, after so many records, from the reference before the last change.

        Returns:
            Whether that is known: not where recipes are told apart, or a newer one is learnt.
        """
        if self._before is None:
            return False
        self.monitor = self._of_all(self._before["seed"])
        self.monitor.restore(self._before["monitor"])
        self.start, self.reference_rows, self._before = records, self._before["rows"], None
        return True

    def rest(self, *, records: int) -> None:
        """Watch on from the same reference as if nothing had been seen since."""
        if isinstance(self.monitor, Drift):
            self.monitor.rest()
            self.start = records

    def forget(self) -> bool:
        """Have no reference until the next one is learnt; not where recipes have theirs."""
        if not isinstance(self.monitor, Drift):
            return False
        self.monitor, self.reference_rows = None, 0
        return True

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "drift": self.monitor and self.monitor.state(),
            "drift_start": self.start,
            "reference_rows": self.reference_rows,
            "drift_before": self._before,
        }

    def restore(self, state: dict[str, Any], seed: int) -> None:
        """Go on from a state.

        Args:
            state: Of a stream of the same plan.
            seed: Of a monitor of this epoch.
        """
        self.start, self.reference_rows = state["drift_start"], state["reference_rows"]
        self.monitor, self._before = None, state["drift_before"]
        if state["drift"] is not None:
            recipes = "recipes" in state["drift"]
            seed = state["drift"].get("seed", seed)
            self.monitor = self._of_recipes(seed) if recipes else self._of_all(seed)
            self.monitor.restore(state["drift"])

    def _of_all(self, seed: int) -> Drift:
        return Drift(self.plan.table, false_alarms=self.plan.false_alarms, seed=seed)

    def _of_recipes(self, seed: int | None = None) -> RecipeDrift:
        return RecipeDrift(
            self.plan.table,
            false_alarms=self.plan.false_alarms,
            reference=self.plan.reference,
            # Lasts over epochs, which each recipe has of its own.
            seed=derived_seed(self.plan.seed, self.plan.name, "recipes") if seed is None else seed,
        )
