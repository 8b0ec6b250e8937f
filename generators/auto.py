"""The generator that does best on rows held out, among candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, Table

from .archive import Arrays
from .conditions import Where
from .encoding import Encoding
from .errors import NotFitted
from .generator import FEWEST_ROWS, Generator
from .progress import Progress
from .seen import Seen

_HELD_OUT: Final = 0.2
_FEWEST_HELD_OUT: Final = 50
_TIE: Final = 0.02


class Auto(Generator):
    """Fits the candidates on four fifths of the rows and keeps the kind that is told apart least.

    A classifier (extremely randomised trees, out-of-bag) tells as many synthetic rows from the
    rows held out; the area under its ROC curve is .5 where it cannot. The smallest area wins; a
    candidate later in the list must be better by .02, which is less than chance at 1,000 rows.
    The winner is then fitted on all rows. A single candidate needs no contest, and fewer than 250
    rows allow none: the first one is taken.

    Args:
        table: What the columns are, and the laws to keep.
        candidates: Names in the registry, the preferred one first; neural ones only if asked for.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        UnknownGenerator: For a candidate that there is not.
        ValueError: For no candidate, or ``"auto"`` itself.

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
        'trees: the only candidate'

    Reference:
        D. Lopez-Paz, M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
    """

    name: ClassVar[str] = "auto"

    def __init__(self, table: Table, *, candidates: Sequence[str] = ("trees",)) -> None:
        super().__init__(table)
        self.candidates = tuple(candidates)
        if not self.candidates or self.name in self.candidates:
            raise ValueError(f"candidates of 'auto' are other generators, not {list(candidates)}")
        for candidate in self.candidates:
            self._new(candidate)
        self.reason = ""
        self.winner: Generator | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"candidates": list(self.candidates)}

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

        def fitted(kind: str, rows: Block) -> Generator:
            generator = self._new(kind)
            generator.fit(rows, seed=seed, progress=progress, warm=champion, clock=clock)
            return generator

        chosen, self.reason = self._choose(block, seed, fitted)
        self.winner = fitted(chosen, block)

    def _choose(
        self, block: Block, seed: int, fitted: Callable[[str, Block], Generator]
    ) -> tuple[str, str]:
        """The name of the winner and why it is."""
        first = self.candidates[0]
        if len(self.candidates) == 1:
            return first, f"{first}: the only candidate"
        held_out = round(_HELD_OUT * len(block))
        if held_out < _FEWEST_HELD_OUT or len(block) - held_out < FEWEST_ROWS:
            return first, f"{first}: the first candidate, as {len(block)} rows allow no contest"
        order = np.random.default_rng(np.random.SeedSequence((seed, 2))).permutation(len(block))
        real, rows = block[order[:held_out]], block[order[held_out:]]
        areas = {
            kind: told_apart(real, fitted(kind, rows).sample(held_out, seed=seed), seed=seed)
            for kind in self.candidates
        }
        best = min(areas, key=lambda kind: areas[kind])
        chosen = first if areas[first] <= areas[best] + _TIE else best
        areas_text = ", ".join(f"{kind} {area:.2f}" for kind, area in areas.items())
        return chosen, (
            f"{chosen}: told from {held_out} held-out rows with an area under the curve of "
            f"{areas[chosen]:.2f} ({areas_text}; 0.50 is not at all)"
        )

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """As the winner draws."""
        return self._winner.draw(streams)

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """As the winner draws."""
        return self._winner.draw_where(streams, where)

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
        from .registry import create  # late: the registry imports this file

        return create(kind, self.table, **options)


def told_apart(real: Block, synthetic: Block, *, seed: int) -> float:
    """Area under the ROC curve of a classifier that tells synthetic rows from real ones.

    Args:
        real: Rows that the synthetic ones were not made from.
        synthetic: About as many.
        seed: Of the classifier.

    Returns:
        In [.5, 1]: an area below a half is as good as a half.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.metrics import roc_auc_score

    sequence = np.random.SeedSequence((seed, 3))
    random = np.random.default_rng(sequence)
    both = Block.concatenate([real, synthetic])
    matrix = Encoding.of(both).encode(both, random)
    label = np.repeat([0, 1], [len(real), len(synthetic)])
    forest = ExtraTreesClassifier(
        100,
        bootstrap=True,
        oob_score=True,
        min_samples_leaf=3,
        random_state=int(sequence.generate_state(1)[0]),
    ).fit(matrix, label)
    chance = np.nan_to_num(forest.oob_decision_function_[:, 1], nan=0.5)
    return max(0.5, float(roc_auc_score(label, chance)))
