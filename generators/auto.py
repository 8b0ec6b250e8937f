"""The generator that does best on rows held out, among candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, Table

from .archive import Arrays
from .column_grower import is_much_work
from .conditions import Where
from .contest import POWERS, Contest, Entry
from .contest_costs import seconds_of, seconds_of_contest
from .errors import NotFitted
from .generator import Generator
from .progress import Progress
from .seen import Seen
from .setting import Setting
from .sieved import Sieved, may_be_sieved

_FEWEST_ROWS: Final = 100  # at 80 what is taught by so few decides by chance
_MOST_UNTRIED: Final = 2_000  # rows, of which as many are drawn and sieved in a second
_UNTRIED_POWER: Final = 4.0
_TIE: Final = 0.03
_KNOB: Final = (0.0, 0.25)


class Auto(Generator):
    """Fits candidates on each half of the rows and takes what does best on the other half.

    Kind, privacy and sieve (`Sieved`) are chosen together, by one sum (`ContestScores`): how far
    the area under the ROC curve of a classifier that tells rows from held-out ones is above .6, and
    the share that is nearer to training rows above .6; 1 where there are copies; and, where a
    target is declared, the skill that models lack which are trained on the rows. Candidates that
    have a knob of privacy take part at 0 and at .25, each with the weakest sieve that brings the
    share to .57 (`Contest`). The least sum wins; a kind other than the first must be better by .03.
    The winner is then fitted on all rows. Fewer than 100 rows allow no contest: the first candidate
    is taken, at privacy 0 with a sieve of power 4.

    The budget is kept by what the candidates are known to cost for so many rows and columns, not
    by a clock: the same rows and seed give the same choice on any machine. The first candidate
    takes part in any case, the others from the cheapest on while there is budget left.

    Args:
        table: What the columns are, and the laws to keep.
        candidates: Names in the registry, the preferred one first. The kind of the champion that
            `fit` is given joins them.
        budget: CPU seconds for the contest and the final fit, of a machine as of 2023.
        privacy: Passed on to candidates that have it; sieves then only spread rows evenly. If left
            out, both are chosen.

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
        'trees at privacy 0 sieved by 4: the first candidate, as 50 rows allow no contest'

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
        self._few_trees: bool | None = None
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
        champion = champion.inner if isinstance(champion, Sieved) else champion
        # Halves are learnt from as all rows will be.
        self._few_trees = is_much_work(len(block), len(self.table.names))

        def fitted(kind: str, rows: Block, /, **options: Any) -> Generator:
            generator = self._new(kind, **options)
            # The steps of the last fit alone are told: those of the contest would start anew.
            tell = progress if rows is block else None
            generator.fit(rows, seed=seed, progress=tell, warm=champion, clock=clock)
            return generator

        names = list(self.candidates)
        if champion is not None and champion.name not in names:
            names.append(champion.name)
        taken = self._affordable(names, block)
        if taken:
            best, self.reason = self._contest(taken, names, block, fitted, seed)
        else:
            best = self._untried(names[0], block)
            self.reason = self._no_contest(names, block, best.text)
        kind: str = best.kind
        options: dict[str, Any] = {} if best.privacy is None else {"privacy": best.privacy}
        if best.power is not None:
            own = self._new(kind, **options).parameters
            kind, options = Sieved.name, {"kind": kind, "options": own, "power": best.power}
        self.winner = fitted(kind, block, **options)

    def _untried(self, kind: str, block: Block) -> Setting:
        """The first candidate where there is no contest to choose its privacy and its sieve.

        On tables of 30 to 99 rows trees did best near to the rows with a sieve that keeps them
        apart: on 45 of them skill lost .12, where their default loses .28 on 40.
        """
        if self.privacy is None and len(block) <= _MOST_UNTRIED and may_be_sieved(kind):
            return Setting(kind, self._knob(kind)[0], _UNTRIED_POWER)
        return Setting(kind)

    def _contest(
        self,
        taken: list[str],
        names: list[str],
        block: Block,
        fitted: Callable[[str, Block], Generator],
        seed: int,
    ) -> tuple[Setting, str]:
        """The best, and why it is."""
        contest = Contest(block, seed=seed)
        entries: list[Entry] = []
        for kind in taken:
            halves = [fitted(kind, half) for half in contest.halves]
            for privacy in self._knob(kind):
                made = halves if privacy is None else [self._at(one, privacy) for one in halves]
                entries.append(contest.entry(made, privacy, powers=self._powers(halves[0])))
        best = min(entries, key=lambda one: one.scores.loss + _TIE * (one.setting.kind != taken[0]))
        told = "; ".join(f"{one.setting.text}: {one.scores.text}" for one in entries)
        how = "likeness, distance and copies are met" if best.scores.met else "not all met"
        out = ", ".join(name for name in names if name not in taken)
        return best.setting, (
            f"{best.setting.text}: best on rows held out, {how} (area of a classifier, share "
            f"nearer to training rows, copies, skill lost: {told}"
            f"{out and f'; not within {self.budget:g} s: {out}'})"
        )

    def _no_contest(self, names: list[str], block: Block, taken: str) -> str:
        """Why the first candidate was taken without one."""
        if len(self._entries(names)) == 1:
            return f"{taken}: the only candidate"
        if len(block) < _FEWEST_ROWS:
            return f"{taken}: the first candidate, as {len(block)} rows allow no contest"
        return (
            f"{taken}: the first candidate, as a contest on {len(block)} rows would take more "
            f"than {self.budget:g} s"
        )

    def _affordable(self, names: list[str], block: Block) -> list[str]:
        """The first candidate and the cheapest others that the budget allows; none if not two."""
        if len(block) < _FEWEST_ROWS:
            return []
        first, others = names[0], names[1:]
        taken: list[str] = []
        for kind in [first, *sorted(others, key=lambda kind: seconds_of(kind, block))]:
            kinds = [*taken, kind]
            if seconds_of_contest(kinds, len(self._entries(kinds)), block) > self.budget:
                break
            taken = kinds
        return taken if len(self._entries(taken)) > 1 else []

    def _entries(self, kinds: list[str]) -> list[float | None]:
        """The knobs of all kinds, one after the other."""
        return [privacy for kind in kinds for privacy in self._knob(kind)]

    def _knob(self, kind: str) -> tuple[float | None, ...]:
        """The values of privacy at which a kind takes part."""
        known = self._new(kind).parameters
        if "privacy" not in known:
            return (None,)
        return _KNOB if self.privacy is None else (self.privacy,)

    def _powers(self, generator: Generator) -> Sequence[float]:
        """Of the sieves that there are to choose from."""
        if not may_be_sieved(generator.name):
            return ()
        return POWERS if self.privacy is None else POWERS[:1]

    def _at(self, generator: Generator, privacy: float) -> Generator:
        """The same fit at another privacy."""
        again = self._new(generator.name, **generator.parameters | {"privacy": privacy})
        again.adopt(*generator.state())
        return again

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

    def _new(self, kind: str, /, **options: Any) -> Generator:
        from .registry import create, suited  # late: the registry imports this file

        options = suited(kind, privacy=self.privacy, few_trees=self._few_trees) | options
        return create(kind, self.table, **options)
