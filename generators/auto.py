"""The generator that does best on rows held out, among candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, Table

from .archive import Arrays
from .conditions import Where
from .contest_scores import MOST_ROWS, ContestScores
from .errors import NotFitted
from .generator import Generator
from .privacy_choice import PrivacyChoice
from .progress import Progress
from .seen import Seen

_FEWEST_HELD_OUT: Final = 100
_TIE: Final = 0.05
_SECONDS_MEASURED: Final = 0.7
_KNOB: Final = (0.1, 0.25, 0.4, 0.6, 1.0)
_SECONDS_OF_KNOB: Final = (0.2, 0.4)  # at least, and for 1,000 rows held out
_SECONDS: Final[dict[str, tuple[float, float]]] = {
    # at least, and for each row and square of columns; measured at 500 to 20,000 rows
    "trees": (0.3, 1.0e-6),
    "copula": (0.02, 1.0e-7),
    "mixture": (0.05, 1.0e-6),
    "kde": (0.05, 6.0e-6),
    "noise": (0.05, 1.0e-7),
    "interpolation": (0.05, 1.0e-6),
}


class Auto(Generator):
    """Fits candidates on half of the rows and keeps the kind that does best on the other half.

    What counts against a candidate (`ContestScores`): the area under the ROC curve of a classifier
    that tells its rows from those held out, above .5; the share of its rows that are nearer to a
    training than to a held-out row, above .6; and, where a target is declared, the skill that
    models lack which are trained on its rows. The least sum wins; a candidate other than the first
    must be better by .05, about what chance does to the sum at 500 rows. The winner is then fitted
    on all rows. Fewer than 200 rows allow no contest, and the first candidate is taken.

    The budget is kept by what the candidates are known to cost for so many rows and columns, not
    by a clock: the same rows and seed give the same choice on any machine. The first candidate
    takes part in any case, the others from the cheapest on while there is budget left.

    Args:
        table: What the columns are, and the laws to keep.
        candidates: Names in the registry, the preferred one first. The kind of the champion that
            `fit` is given joins them.
        budget: CPU seconds for the contest and the final fit, of a machine as of 2023.
        privacy: Passed on to candidates that have it; if left out they compete as they are set,
            and that of the winner is chosen.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        UnknownGenerator: For a candidate that there is not.
        ValueError: For no candidate, ``"auto"`` itself, or a ``budget`` that is not above 0.

    Attributes:
        reason: Why the winner was taken, as a sentence; empty before `fit`.
        winner: The generator that was taken; None before `fit`.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> block = Block(table, np.arange(50.)[:, None], np.empty((50, 0), dtype=object))
        >>> auto = Auto(table)
        >>> auto.fit(block, seed=0)
        >>> auto.reason
        'trees: the first candidate, as 50 rows allow no contest'

    Reference:
        D. Lopez-Paz, M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
    """

    name: ClassVar[str] = "auto"

    def __init__(
        self,
        table: Table,
        *,
        candidates: Sequence[str] = ("trees", "copula", "mixture", "kde"),
        budget: float = 3.0,
        privacy: float | None = None,
    ) -> None:
        super().__init__(table)
        self.candidates = tuple(candidates)
        self.budget = budget
        self.privacy = privacy
        if not self.candidates or self.name in self.candidates:
            raise ValueError(f"candidates of 'auto' are other generators, not {list(candidates)}")
        if not budget > 0:
            raise ValueError(f"budget must be above 0 seconds, not {budget}")
        for candidate in self.candidates:
            self._new(candidate)
        self.reason = ""
        self.winner: Generator | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {
            "candidates": list(self.candidates),
            "budget": self.budget,
            "privacy": self.privacy,
        }

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        """Choose, then fit the winner on all rows."""
        champion = warm.winner if isinstance(warm, Auto) else warm

        def fitted(kind: str, rows: Block, **options: Any) -> Generator:
            generator = self._new(kind, **options)
            # The steps of the last fit alone are told: those of the contest would start anew.
            tell = progress if rows is block else None
            generator.fit(rows, seed=seed, progress=tell, warm=champion, clock=clock)
            return generator

        names = list(self.candidates)
        if champion is not None and champion.name not in names:
            names.append(champion.name)
        half = len(block) // 2
        order = np.random.default_rng(np.random.SeedSequence((seed, 2))).permutation(len(block))
        sides = block[order[:half]], block[order[half:]]
        tried: dict[str, Generator] = {}

        def half_fitted(kind: str) -> Generator:
            if kind not in tried:
                tried[kind] = fitted(kind, sides[0])
            return tried[kind]

        chosen, self.reason, left = self._choose(names, block, sides, seed, half_fitted)
        options: dict[str, Any] = {}
        left -= 0.0 if chosen in tried else seconds_of(chosen, sides[0])
        left -= self._seconds_of_knob(chosen, block)
        if self._chooses(chosen) and half >= _FEWEST_HELD_OUT and left >= 0.0:
            choice = self._private(half_fitted(chosen), sides, seed)
            options["privacy"] = choice.privacy
            self.reason = f"{self.reason}; {choice.said}"
        self.winner = fitted(chosen, block, **options)

    def _chooses(self, kind: str) -> bool:
        """Whether the privacy of a kind is to be chosen."""
        return self.privacy is None and "privacy" in self._new(kind).parameters

    def _seconds_of_knob(self, kind: str, block: Block) -> float:
        """CPU seconds that choosing the privacy of a kind takes, about."""
        at_least, more = _SECONDS_OF_KNOB if self._chooses(kind) else (0.0, 0.0)
        return at_least + more * min(len(block) / 2, MOST_ROWS) / MOST_ROWS

    def _private(
        self, generator: Generator, sides: tuple[Block, Block], seed: int
    ) -> PrivacyChoice:
        """The privacy of a generator, fitted on the first side, that the second side tells."""
        default = generator.parameters["privacy"]
        state, arrays = generator.state()

        def made_at(privacy: float) -> Block:
            again = self._new(generator.name, **generator.parameters | {"privacy": privacy})
            again.adopt(state, arrays)
            return again.sample(MOST_ROWS, seed=seed)  # more than train: less noise

        knob = [default, *(privacy for privacy in _KNOB if privacy != default)]
        return PrivacyChoice.of(made_at, knob, *sides, seed=seed)

    def _choose(
        self,
        names: list[str],
        block: Block,
        sides: tuple[Block, Block],
        seed: int,
        half_fitted: Callable[[str], Generator],
    ) -> tuple[str, str, float]:
        """The name of the winner, why it is, and the seconds of the budget that are left."""
        first, half = names[0], len(block) // 2
        alone = self.budget - seconds_of(first, block)
        if len(names) == 1:
            return first, f"{first}: the only candidate", alone
        if half < _FEWEST_HELD_OUT:
            few = f"{first}: the first candidate, as {len(block)} rows allow no contest"
            return first, few, alone
        taken, left = self._affordable(names, block)
        if len(taken) == 1:
            dear = (
                f"{first}: the first candidate, as a contest on {len(block)} rows would take more "
                f"than {self.budget:g} s"
            )
            return first, dear, alone
        train, real = sides
        scores = {}
        for kind in taken:
            made = half_fitted(kind).sample(min(half, MOST_ROWS), seed=seed)
            scores[kind] = ContestScores.of(train, real, made, seed=seed)
        best = min(taken, key=lambda kind: scores[kind].loss)
        chosen = first if scores[first].loss <= scores[best].loss + _TIE else best
        said = "; ".join(
            f"{kind} {one.area:.2f}, {one.near:.2f}, {one.lost:.2f}, "
            f"about {seconds_of(kind, block):.1f} s"
            for kind, one in scores.items()
        )
        out = ", ".join(name for name in names if name not in taken)
        return (
            chosen,
            f"{chosen}: best on {len(real)} rows held out (area of a classifier that tells them, "
            f"share of rows nearer to training rows, skill lost: {said}"
            f"{out and f'; not within {self.budget:g} s: {out}'})",
            left,
        )

    def _affordable(self, names: list[str], block: Block) -> tuple[list[str], float]:
        """The first candidate, the cheapest others that the budget allows, and seconds left."""
        first, others = names[0], names[1:]
        measured = _SECONDS_MEASURED * min(len(block) / 2, MOST_ROWS) / MOST_ROWS
        left = self.budget - 1.5 * seconds_of(first, block) - measured
        taken = [first]
        for kind in sorted(others, key=lambda kind: seconds_of(kind, block)):
            cost = seconds_of(kind, block) + measured
            # Two candidates make a contest; how private the first is to be comes before a third.
            kept = self._seconds_of_knob(first, block) if len(taken) > 1 else 0.0
            if cost + kept > left:
                break
            left -= cost
            taken.append(kind)
        return taken, left

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """As the winner draws."""
        return self._winner.draw(streams)

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """As the winner draws."""
        return self._winner.draw_where(streams, where)

    def draw_given(self, streams: Sequence[np.random.Generator], conditions: Block) -> Block:
        """As the winner draws."""
        return self._winner.draw_given(streams, conditions)

    def check_where(self, where: Where, seen: Seen | None) -> None:
        """As the winner can."""
        self._winner.check_where(where, seen)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """That of the winner, its name, and why it won."""
        state, arrays = self._winner.state()
        return {
            "winner": self._winner.name,
            "parameters": self._winner.parameters,
            "reason": self.reason,
            "state": state,
        }, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        winner = self._new(state["winner"], **state["parameters"])
        winner.adopt(state["state"], arrays)
        self.winner = winner
        self.reason = state["reason"]

    @property
    def _winner(self) -> Generator:
        if self.winner is None:
            raise NotFitted("generator 'auto' was not fitted yet")
        return self.winner

    def _new(self, kind: str, **options: Any) -> Generator:
        from .registry import create, suited  # late: the registry imports this file

        options = suited(kind, privacy=self.privacy) | options
        return create(kind, self.table, **options)


def seconds_of(kind: str, block: Block) -> float:
    """CPU seconds that a fit is known to take, about: from rows and columns alone.

    Args:
        kind: Name of a generator; one that is not known counts as a network.
        block: The rows.
    """
    at_least, each = _SECONDS.get(kind, (60.0, 0.0))
    return at_least + each * len(block) * len(block.table.names) ** 2
