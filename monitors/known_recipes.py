"""The recipes of a stream that are known, and which reference each is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Table

from .recipe_note import RecipeNote, named
from .recipe_profile import RecipeProfile
from .recipe_watch import RecipeWatch

Recipes = Sequence[str | None] | NDArray[np.object_]
_PIECE = 1024  # records that are looked at together


class KnownRecipes:
    """A `RecipeWatch` for each of at most ``most`` recipes, and the notes about them.

    Args:
        table: Of the stream.
        false_alarms: Records of a recipe between false alarms, at least.
        reference: Records that make a reference.
        seed: Of their monitors.
        most: Recipes that are known at a time; one more, and that seen longest ago is forgotten.

    Example:
        >>> from halflife.schemas.table import Column
        >>> known = KnownRecipes(Table((Column(name="x"),)), false_alarms=1e3, reference=100,
        ...                      seed=0, most=2)
        >>> known.gather(["A", "A", "B", "A"])  # a recipe that is not known yet begins a piece
        {'A': array([0, 1])}
        >>> {recipe: where.tolist() for recipe, where in known.gather(["B", "A", "B"]).items()}
        {'B': [0, 2], 'A': [1]}
    """

    def __init__(
        self, table: Table, *, false_alarms: float, reference: int, seed: int, most: int
    ) -> None:
        self.table, self.false_alarms, self.reference = table, false_alarms, reference
        self.seed, self.most = seed, most
        self.seen = 0
        self.forgotten = 0
        self.watches: dict[str | None, RecipeWatch] = {}
        self.notes: list[RecipeNote] = []

    def __getitem__(self, recipe: str | None) -> RecipeWatch:
        """The watch of a recipe that is known."""
        return self.watches[recipe]

    def __iter__(self) -> Iterator[RecipeWatch]:
        """In the order in which they became known."""
        return iter(self.watches.values())

    def gather(self, recipes: Recipes, *, whole: bool = False) -> dict[str | None, Any]:
        """Where the records of each recipe stand, up to where one of them changes its standing.

        A recipe that is not known yet begins a piece.

        Args:
            recipes: Of the next records, at least one.
            whole: Whether to go on where standings change.
        """
        places: dict[str | None, list[int]] = {}
        rooms: dict[str | None, int] = {}
        for i, recipe in enumerate(recipes):
            found = places.get(recipe)
            if found is None:
                if recipe not in self.watches:
                    if i:
                        break
                    self._open(recipe)
                places[recipe] = found = []
                rooms[recipe] = self.watches[recipe].room
            found.append(i)
            if not whole and (len(found) == rooms[recipe] or i + 1 == _PIECE):
                break
        return {recipe: np.array(where, dtype=np.int64) for recipe, where in places.items()}

    def new(self, recipe: str | None) -> RecipeWatch:
        """A watch of a recipe that begins, in the place of one that there may have been."""
        self.watches[recipe] = RecipeWatch(
            recipe, self.table, false_alarms=self.false_alarms, reference=self.reference,
            seed=self.seed,
        )  # fmt: skip
        return self.watches[recipe]

    def begin(self, recipe: str | None, state: Mapping[str, Any]) -> None:
        """Judge a recipe by its own reference, and see whom else that serves."""
        watch = self.watches[recipe]
        new, rows = watch.status == "new", len(watch.rows)
        watch.begin(state)
        if not new:
            self.note(watch, "own", f"has a reference of its own now, {rows} records")
        for other in self:
            if other.status in {"alone", "apart"} and not other.is_due:
                self._settle(other)

    def settle(self) -> None:
        """Find the nearest reference for each recipe for which that is due."""
        for watch in self:
            if watch.is_unsettled and not watch.is_due:
                self._settle(watch)

    def note(self, watch: RecipeWatch, kind: str, text: str, record: int | None = None) -> None:
        """Say something of a recipe, at the record taken last if at no other."""
        if record is None:
            record = max(0, self.seen - 1)
        self.notes.append(RecipeNote(record, watch.recipe, kind, f"{named(watch.recipe)} {text}"))

    def note_apart(self, watch: RecipeWatch, record: int | None = None) -> None:
        """Say that a recipe cannot be judged."""
        text = (
            f"is unlike {named(watch.lender)}, the nearest (KL divergence {watch.divergence:.2g} "
            f"nats): whether its instrument is well cannot be told until it has {watch.goal} "
            "records of its own"
        )
        self.note(watch, "apart", text, record)

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "seen": self.seen,
            "forgotten": self.forgotten,
            "recipes": [watch.state() for watch in self],
            "notes": [asdict(note) for note in self.notes],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.seen, self.forgotten = int(state["seen"]), int(state["forgotten"])
        self.watches = {}
        for each in state["recipes"]:
            self.new(each["recipe"]).restore(each)
        self.notes = [RecipeNote(**note) for note in state["notes"]]

    def _settle(self, watch: RecipeWatch) -> None:
        """Judge a recipe by the nearest reference, if there is one that is near enough."""
        before = watch.status
        lenders = [(w, w.profile) for w in self if w.status == "own" and w.profile is not None]
        if not lenders:
            watch.status = "alone"
            if before != "alone":
                text = (
                    f"is not watched until it has {watch.goal} records: none can lend a reference"
                )
                self.note(watch, "alone", text)
            return
        profile = RecipeProfile.fit(watch.rows)
        far = [profile.divergence(theirs) for _, theirs in lenders]
        nearest = int(np.argmin(far))
        if watch.lend(lenders[nearest][0], far[nearest]):
            text = (
                f"is judged by the reference of {named(watch.lender)}, the nearest (KL divergence "
                f"{watch.divergence:.2g} nats), until it has {watch.goal} records of its own"
            )
            self.note(watch, "lent", text)
        elif before != "apart":
            self.note_apart(watch)

    def _open(self, recipe: str | None) -> None:
        """Know one more recipe; if there is no room, that seen longest ago is forgotten."""
        if len(self.watches) >= self.most:
            oldest = min(self, key=lambda watch: watch.last)
            del self.watches[oldest.recipe]
            self.forgotten += 1
            if 10 ** (len(str(self.forgotten)) - 1) == self.forgotten:  # the 1st, 10th, 100th ...
                text = (
                    f"was seen longest ago and is forgotten ({self.forgotten} so far): "
                    f"{self.most} recipes are known at a time"
                )
                self.note(oldest, "forgotten", text)
        self.new(recipe)
