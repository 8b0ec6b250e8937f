"""All drift of a stream whose instrument runs under several recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from halflife.schemas.table import Block, Table

from .alarm import DriftAlarm
from .arrays import key_of
from .drift import Drift
from .errors import ReferenceTooShort, StateMismatch
from .known_recipes import KnownRecipes, Recipes
from .recipe_note import RecipeNote, named
from .recipe_watch import Places, RecipeWatch


class RecipeDrift:
    """A `Drift` for each recipe of a stream: each has its own normal.

    The first ``reference`` records of a recipe are its reference. Before it is complete, the
    recipe is judged by that of the recipe nearest to it: the one with the least Kullback-Leibler
    divergence from its first 30 records (`RecipeProfile`). What is found so is an alarm only if
    the recipe's own records confirm it (`RecipeWatch`); where the nearest is too far, nothing is
    said of the instrument until the recipe has a reference of its own. Notes say which it is.

    The promise is kept for the stream: its records are those of its recipes, each of which goes to
    one monitor. Let ``R_r(n)`` be the e-detector of recipe r after n records of its own: without
    change ``R_r(n) - n`` is a supermartingale, hence so is ``sum_r R_r(n_r) - n`` for n records of
    the stream, however the recipes alternate. The first alarm, at T, has ``R_r >= N`` for one of
    them, so that ``E T >= E sum_r R_r >= N``.

    Args:
        table: Of the stream.
        false_alarms: Records of the stream between false alarms, at least.
        reference: Records that make the reference of a recipe.
        seed: For kinds that draw at random; those of today do not.
        most: Recipes that are known at a time. One more, and that seen longest ago is forgotten.

    Raises:
        ValueError: For false alarms more often than once in a record, or no room for a recipe.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="pressure", unit="bar"),))
        >>> rng = np.random.default_rng(0)
        >>> recipes = np.array(["hot", "cold"], dtype=object)[np.arange(3000) % 2]
        >>> pressure = np.where(recipes == "hot", 80.0, 20.0) + rng.normal(size=3000)
        >>> pressure[2000:] += 2.0 * (recipes[2000:] == "cold")
        >>> block = Block.from_frame(table, pd.DataFrame({"pressure": pressure}))
        >>> drift = RecipeDrift(table, false_alarms=10_000, reference=500)
        >>> drift.fit(block[:1000], recipes[:1000])
        >>> alarm = drift.update(block[1000:], recipes[1000:])[0]
        >>> alarm.recipe, 1000 <= alarm.record < 1060
        ('cold', True)
        >>> alarm.text.split(", ")[0]
        'recipe cold: pressure is higher'

    References:
        Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
        detection", New England Journal of Statistics in Data Science 2 (2024). Kullback and
        Leibler, "On information and sufficiency", Annals of Mathematical Statistics 22 (1951).
    """

    def __init__(
        self,
        table: Table,
        *,
        false_alarms: float = 10_000.0,
        reference: int = 500,
        seed: int = 0,
        most: int = 16,
    ) -> None:
        if not false_alarms > 1:
            raise ValueError(f"false_alarms must be more than 1 record, not {false_alarms!r}")
        if reference < 1 or most < 1:
            raise ValueError(f"reference = {reference} and most = {most} must be at least 1")
        self.table, self.false_alarms, self.reference = table, float(false_alarms), reference
        self.seed, self.most = seed, most
        self._known = KnownRecipes(
            table, false_alarms=self.false_alarms, reference=reference, seed=seed, most=most
        )

    @classmethod
    def continuing(cls, drift: Drift, *, reference: int) -> RecipeDrift:
        """Go on where the monitor of a stream without recipes is, as that of no recipe."""
        whole = cls(
            drift.table, false_alarms=drift.false_alarms, reference=reference, seed=drift.seed
        )
        whole._known.watches[None] = RecipeWatch.running(drift, reference=reference)
        whole._known.seen = drift.seen
        return whole

    # In one call

    def fit(self, reference: Block, recipes: Recipes) -> None:
        """Learn from the records so far, and start to count.

        Recipes with fewer than ``reference`` of them go on learning from those to come.
        """
        self.collect(reference, recipes)
        self._learn_due()
        self.settle()

    def update(self, block: Block, recipes: Recipes) -> list[DriftAlarm]:
        """Take the next records; their alarms, in the order of records.

        Of a recipe with a reference of its own, the kind that fires starts again with the record
        after. One that was lent its reference begins its own with the change.
        """
        alarms: list[DriftAlarm] = []
        done = 0
        while done < len(block):
            found, taken = self._piece(block[done:], recipes[done:], first=False)
            alarms += found
            done += taken
            self._learn_due()
        return alarms

    def _learn_due(self) -> None:
        for recipe in self.due:
            drift = Drift(self.table, false_alarms=self.false_alarms, seed=self.seed)
            try:
                drift.fit(self.collected(recipe))
            except ReferenceTooShort as error:
                self.postpone(recipe, error.need, str(error))
            else:
                self.begin(recipe, drift.state())

    # In steps, for who fits elsewhere and stops at each fault

    def collect(self, block: Block, recipes: Recipes) -> None:
        """Records before the first that is watched: they are learned from alone."""
        done = 0
        while done < len(block):
            gathered = self._known.gather(recipes[done:], whole=True)
            for recipe, where in gathered.items():
                self._known[recipe].hear(block[done + where], done + where - len(block))
                self._known[recipe].file()
            done += sum(len(where) for where in gathered.values())

    def settle(self) -> None:
        """Find the nearest reference for each recipe that has none of its own."""
        self._known.settle()

    def take(self, block: Block, recipes: Recipes) -> tuple[list[DriftAlarm], int]:
        """Take records up to the first fault or to the end of a reference; how many were taken.

        Before the next call, `begin` (or `postpone`) all that is `due`, and let the recipe that
        had a fault `begin_again`.
        """
        alarms: list[DriftAlarm] = []
        done = 0
        while done < len(block) and not self.due:
            found, taken = self._piece(block[done:], recipes[done:], first=True)
            alarms += found
            done += taken
            if any(alarm.is_fault for alarm in found):
                break
        return alarms, done

    @property
    def due(self) -> list[str | None]:
        """Recipes whose own references are complete and not learned yet."""
        return [watch.recipe for watch in self._known if watch.is_due]

    def collected(self, recipe: str | None) -> Block:
        """The records of a recipe that has no reference of its own, in their order."""
        return self._known[recipe].rows

    def begin(self, recipe: str | None, state: Mapping[str, Any]) -> None:
        """Judge a recipe by its own reference from now on.

        Args:
            recipe: One that is `due`.
            state: Of a `Drift`, of this promise and seed, fitted on what was `collected`.
        """
        self._known.begin(recipe, state)

    def postpone(self, recipe: str | None, need: int, text: str) -> None:
        """The reference of a recipe was too short: try again with more records."""
        watch = self._known[recipe]
        watch.goal = max(need, 2 * watch.goal)
        self._known.note(watch, "short", f"goes on learning up to {watch.goal} records: {text}")

    def begin_again(self, recipe: str | None, block: Block, places: Places, *, wait: bool) -> None:
        """Forget what was normal for a recipe: its reference begins again.

        Args:
            recipe: Whose instrument has changed.
            block: Its records since the change.
            places: Where they stood, counted as the ``record`` of alarms is, shape (n,).
            wait: Whether to judge nothing, and only keep the latest, until `release`.
        """
        watch = self._known.new(recipe)
        watch.status = "held" if wait else "new"
        watch.hear(block, places)
        watch.file()
        watch.last = self.seen - 1  # also without any record: it is no stranger
        self.settle()

    def release(self) -> None:
        """Let recipes go on that wait after a change."""
        for watch in self._known:
            watch.release()
        self.settle()

    # What it knows

    @property
    def seen(self) -> int:
        """Records taken since the fit."""
        return self._known.seen

    @property
    def forgotten(self) -> int:
        """Recipes that were forgotten to make room."""
        return self._known.forgotten

    @property
    def outside(self) -> int:
        """Records whose set-points their reference does not know: not judged."""
        return sum(drift.outside for drift in self._drifts())

    @property
    def standings(self) -> dict[str | None, str]:
        """How each recipe is judged: see `RecipeWatch`."""
        return {watch.recipe: watch.status for watch in self._known}

    @property
    def drifts(self) -> dict[str | None, Drift]:
        """The monitor of each recipe that has a reference."""
        return {w.recipe: w.drift for w in self._known if w.drift is not None}

    def statistics(self) -> dict[str, tuple[float, float]]:
        """Of each kind, its largest statistic in any recipe and its threshold, in nats."""
        largest: dict[str, tuple[float, float]] = {}
        for drift in self._drifts():
            for kind, pair in drift.statistics().items():
                largest[kind] = max(pair, largest.get(kind, pair))
        return largest

    def take_notes(self, before: int | None = None) -> list[RecipeNote]:
        """What became known about references since the last call, in order of records.

        Args:
            before: Notes on this record and later ones are kept for the next call.
        """
        notes = sorted(self._known.notes, key=lambda note: note.record)
        taken = [note for note in notes if before is None or note.record < before]
        self._known.notes = notes[len(taken) :]
        return taken

    def state(self) -> dict[str, Any]:
        """References and running state, as plain data that JSON carries."""
        return {"key": self._key, "seed": self.seed, **self._known.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the monitor that gave this state was, bit for bit.

        Raises:
            StateMismatch: For a state of another table or other parameters.
        """
        if state.get("key") != self._key:
            raise StateMismatch(
                f"drift of recipes: the state has key {state.get('key')!r}, and this table with "
                f"false_alarms = {self.false_alarms:g}, reference = {self.reference}, seed = "
                f"{self.seed}, most = {self.most} has {self._key!r}; fit it again"
            )
        self._known.restore(state)

    @property
    def _key(self) -> str:
        promise = self.false_alarms, self.reference, self.seed, self.most
        return key_of("recipes", self.table.digest, *promise)

    # Inside

    def _drifts(self) -> list[Drift]:
        return list(self.drifts.values())

    def _piece(
        self, block: Block, recipes: Recipes, *, first: bool
    ) -> tuple[list[DriftAlarm], int]:
        """Records up to where a recipe changes its standing, or to the first fault among them."""
        gathered = self._known.gather(recipes)
        taken = sum(len(where) for where in gathered.values())
        heard: list[tuple[int, RecipeWatch, DriftAlarm]] = []
        for recipe, where in gathered.items():
            watch = self._known[recipe]
            alarms = watch.hear(block[where], self.seen + where)
            heard += [(int(where[alarm.record - watch.count]), watch, alarm) for alarm in alarms]
        found: list[DriftAlarm] = []
        again: dict[str | None, int] = {}
        for place, watch, alarm in sorted(heard, key=lambda each: each[0]):
            if place >= taken:
                break
            if watch.recipe in again:
                continue
            told = self._tell(watch, alarm, self.seen + place, again)
            found += told
            if first and any(each.is_fault for each in told):
                taken = place + 1
        for recipe, where in gathered.items():
            watch, kept = self._known[recipe], int(np.searchsorted(where, taken))
            if kept < len(where):
                watch.back(len(where) - kept)
            watch.file()
        self._known.seen += taken
        for recipe, since in () if first else again.items():
            watch = self._known[recipe]
            places = np.array([watch.place_of(i) for i in range(since, watch.count)])
            self.begin_again(recipe, watch.rows[since:], places, wait=False)
        self.settle()
        return found, taken

    def _tell(
        self, watch: RecipeWatch, alarm: DriftAlarm, record: int, again: dict[str | None, int]
    ) -> list[DriftAlarm]:
        """The alarm that something found in one recipe is for the stream, if it is one."""
        since, text = alarm.change_point, alarm.text
        if watch.status != "own":
            worth, since = watch.weigh(alarm)
            if worth in {"apart", "doubt"}:
                self._doubted(watch, worth, alarm, record)
            if worth != "fault":
                return []
            again[watch.recipe] = since
            text += f" (judged by the reference of {named(watch.lender)})"
        if watch.recipe is not None:
            text = f"{named(watch.recipe)}: {text}"
        return [
            replace(
                alarm,
                record=record,
                change_point=max(0, watch.place_of(since)),
                text=text,
                recipe=watch.recipe,
            )
        ]

    def _doubted(self, watch: RecipeWatch, worth: str, alarm: DriftAlarm, record: int) -> None:
        if worth == "apart":
            self._known.note_apart(watch, record)
            return
        place = max(0, watch.place_of(alarm.change_point))
        text = (
            f"departs from the reference of {named(watch.lender)} since about record {place} "
            f"({alarm.text}); whether the instrument changed cannot be told yet"
        )
        self._known.note(watch, "doubt", text, record)
