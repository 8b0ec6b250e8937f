"""What models of a lab's table predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, Role, Table

_MOST_TASKS = 4
_FEWEST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Task:
    """A column, and those from which a model predicts it.

    Args:
        target: A number or a category.
        inputs: At least one other column.
        is_number: Whether the target is one.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="t", role=Role.SET_POINT), Column(name="yield_")))
        >>> Task.all_of(table)
        (Task(target='yield_', inputs=('t',), is_number=True),)
    """

    target: str
    inputs: tuple[str, ...]
    is_number: bool

    @classmethod
    def all_of(cls, table: Table, *, most: int = 4) -> tuple[Task, ...]:
        """The tasks of a table, that of its declared target first; at most ``most``.

        Where there are set-points: each measured column from set-points and context, as an
        experiment is planned. Where there are none: the declared target alone, or else each
        measured column in turn, from all columns but derived ones, which may have been computed
        from it.
        """
        planned = table.set_points
        context = table.of_role(Role.CONTEXT)
        if planned or table.target is None:
            targets = sorted(table.measured, key=lambda name: name != table.target)
        else:
            targets = []
        if table.target is not None and table.target not in targets:
            targets.insert(0, table.target)
        tasks = []
        for target in targets[:most]:
            derived = table.of_role(Role.DERIVED)
            if planned and target in table.measured:
                chosen = (*planned, *context)
            else:
                chosen = tuple(c for c in table.names if c != target and c not in derived)
            if chosen:
                tasks.append(cls(target, chosen, target in table.numeric))
        return tuple(tasks)

    def truth(self, block: Block) -> NDArray[np.float64] | NDArray[np.object_]:
        """The target's cells, shape (n,)."""
        return block.number(self.target) if self.is_number else block.text(self.target)

    def known(self, block: Block) -> NDArray[np.bool_]:
        """Where the target is there, shape (n,)."""
        if self.is_number:
            return np.isfinite(block.number(self.target))
        return np.array([text is not None for text in block.text(self.target)], dtype=np.bool_)

    def gains(self, block: Block, guesses: NDArray[Any]) -> FloatArray | None:
        r"""What each row adds to the skill of the guesses, shape (n,): their mean is the skill.

        Numbers: the explained share of the variance of their ranks,
        :math:`1 - \sum (F(y) - F(\hat y))^2 / \sum (F(y) - 1/2)^2` with F the distribution of y in
        these rows, so that no outlier decides. Categories: balanced accuracy above chance,
        :math:`(k A - 1) / (k - 1)` with A the mean over the k classes of the share guessed right.
        Both are 0 for a constant guess, the middle or any class, and 1 for the truth.
        A row without its target adds nothing; a guess that is missing is a constant one.

        Returns:
            None where fewer than ten rows have the target, or all have the same.
        """
        known = self.known(block)
        if known.sum() < _FEWEST_ROWS:
            return None
        truth: NDArray[Any] = self.truth(block)[known]
        guess: NDArray[Any] = guesses[known]
        gains = np.zeros(len(block))
        if self.is_number:
            ordered = np.sort(truth)
            if ordered[0] == ordered[-1]:
                return None
            rank = _midrank(ordered, truth)
            guessed = np.where(np.isnan(guess), 0.5, _midrank(ordered, guess))
            apart = (rank - 0.5) ** 2
            gains[known] = (apart - (rank - guessed) ** 2) / apart.mean()
        else:
            levels, place, counts = np.unique(
                truth.astype(str), return_inverse=True, return_counts=True
            )
            k = len(levels)
            if k < 2:
                return None
            right = (truth == guess) * (len(truth) / counts[place])
            gains[known] = (right - 1.0) / (k - 1.0)
        return np.asarray(gains * (len(block) / known.sum()))


def _midrank(ordered: FloatArray, values: FloatArray) -> FloatArray:
    """``P(X < x) + P(X = x) / 2`` of each value among the ordered ones."""
    both = np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right")
    return np.asarray(both / (2.0 * len(ordered)))
