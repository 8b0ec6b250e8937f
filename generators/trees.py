"""Sequential trees: each column drawn given those before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Column, FloatArray, Kind, ObjectArray, Role, Table

from .archive import Arrays
from .generator import CHUNK, Generator
from .laws import LawCoding
from .leaf_tree import LeafTree
from .predictor import CategoryPredictor, NumberPredictor
from .progress import Progress
from .repetition import repeated

_UNIFORMS: Final = 4
_TURN: Final[dict[Role, int]] = {
    Role.CONTEXT: 0,
    Role.SET_POINT: 1,
    Role.MEASURED: 2,
    Role.DERIVED: 3,
}


@dataclass(frozen=True)
class _Step:
    """One latent column: where it is missing, and its values; ``levels`` of a category."""

    column: Column
    levels: tuple[str | None, ...]
    gaps: LeafTree | None
    values: LeafTree | None


class Trees(Generator):
    """Sequential trees with smoothed leaves.

    ``p(x) = prod_j p(x_j | x_1 ... x_{j-1})``, each factor a decision tree whose leaves hold the
    training values that fell there. The planner's columns come first (context, set-points), then
    what answers, so that ``p(measured | set-points)`` is modelled directly; among columns of one
    role categories come first, then numbers from few distinct values to many. Values that repeat
    are kept as they are; others are smoothed within their leaf, residuals of laws
    most carefully. A missing cell is drawn first, by
    a tree of its own. Laws are kept by construction (`LawCoding`).

    Args:
        table: What the columns are, and the laws to keep.
        min_leaf: Fewest training rows in a leaf. Smaller follows the rows more closely and comes
            nearer to copying them.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a ``min_leaf`` below 1.

    Example:
        >>> table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
        >>> x = np.arange(100.) % 10
        >>> block = Block(table, np.column_stack([x, x**2]), np.empty((100, 0), dtype=object))
        >>> trees = Trees(table)
        >>> trees.fit(block, seed=0)
        >>> made = trees.sample(3, seed=1)
        >>> bool((made.number("y") == made.number("x") ** 2).all())
        True

    Reference:
        B. Nowok, G. Raab, C. Dibben, "synthpop: bespoke creation of synthetic data in R",
        Journal of Statistical Software 74 (2016) 11.
    """

    name: ClassVar[str] = "trees"

    def __init__(self, table: Table, *, min_leaf: int = 5) -> None:
        super().__init__(table)
        if min_leaf < 1:
            raise ValueError(f"min_leaf must be at least 1, not {min_leaf}")
        self.min_leaf = min_leaf

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"min_leaf": self.min_leaf}

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # trees are grown anew: it takes no time
        clock: Callable[[], float],
    ) -> None:
        """Grow a tree for each latent column."""
        coding = LawCoding.of(block)
        latents = coding.encode(block)
        growth = np.random.default_rng(np.random.SeedSequence(seed))
        view = _View(coding, {})
        steps: list[_Step] = []
        order = _order(coding, latents)
        began = told = clock()
        for done, column in enumerate(order):
            levels, cells = _cells(latents, column)
            step = self._step(column, levels, cells, view.matrix(len(block)), growth)
            steps.append(step)
            view.add(step, cells)
            now = clock()
            if progress is not None and (now - told >= 0.5 or done + 1 == len(order)):
                told = now
                left = (now - began) / (done + 1) * (len(order) - done - 1)
                progress(Progress("columns", done + 1, len(order), seconds_left=left))
        self._coding, self._steps, self._predictors = coding, steps, view.predictors

    def _step(
        self,
        column: Column,
        levels: tuple[str | None, ...],
        cells: FloatArray,
        features: NDArray[np.float32],
        growth: np.random.Generator,
    ) -> _Step:
        """The trees of one column."""
        seeds = [int(seed) for seed in growth.integers(2**31, size=2)]
        there = ~np.isnan(cells)
        gaps = values = None
        if not there.all():
            gaps = LeafTree.grow(
                features,
                (~there).astype(np.float64),
                np.ones(len(cells), dtype=np.bool_),
                classes=True,
                min_leaf=self.min_leaf,
                seed=seeds[0],
            )
        if there.any():
            category = column.kind is Kind.CATEGORY
            seen = cells[there]
            values = LeafTree.grow(
                features[there],
                seen,
                np.ones(len(seen), dtype=np.bool_) if category else repeated(seen),
                classes=category,
                min_leaf=self.min_leaf,
                seed=seeds[1],
            )
        return _Step(column, levels, gaps, values)

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream; each row takes four uniform numbers for each column."""
        width = _UNIFORMS * len(self._steps)
        uniform = np.concatenate([stream.random((CHUNK, width)) for stream in streams])
        rows = len(uniform)
        view = _View(self._coding, self._predictors)
        made: dict[str, FloatArray | ObjectArray] = {}
        residuals = {name for formula in self._coding.formulas for name in formula.latents}
        for j, step in enumerate(self._steps):
            features = view.matrix(rows)
            chance = uniform[:, _UNIFORMS * j : _UNIFORMS * (j + 1)]
            cells = np.full(rows, np.nan)
            if step.values is not None:
                careful = step.column.name in residuals
                cells = step.values.draw(features, chance[:, 1:], careful=careful)
            if step.gaps is not None:
                missing = step.gaps.draw(features, np.repeat(chance[:, :1], 3, axis=1)) > 0.5
                cells = np.where(missing, np.nan, cells)
            if step.column.kind is Kind.INTEGER:
                cells = np.rint(cells)
            view.add(step, cells)
            made[step.column.name] = cells
            if step.column.kind is Kind.CATEGORY:
                made[step.column.name] = np.array(step.levels, dtype=object)[cells.astype(np.intp)]
        table = self._coding.latent_table
        numbers = np.empty((rows, len(table.numeric)))
        texts = np.empty((rows, len(table.categories)), dtype=object)
        for j, name in enumerate(table.numeric):
            numbers[:, j] = made[name]
        for j, name in enumerate(table.categories):
            texts[:, j] = made[name]
        return self._coding.decode(Block(table, numbers, texts))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Order, levels and law coding; the arrays of all trees and predictors."""
        arrays: Arrays = {}
        for j, step in enumerate(self._steps):
            for part, tree in (("gaps", step.gaps), ("values", step.values)):
                if tree is not None:
                    arrays.update({f"{j}.{part}.{k}": a for k, a in tree.arrays().items()})
        predictors: list[tuple[str, int]] = []
        for k, (name, predictor) in enumerate(self._predictors.items()):
            if isinstance(predictor, CategoryPredictor):
                predictors.append((name, predictor.levels))
            else:
                predictors.append((name, 0))
                arrays[f"predictor.{k}.knots"] = predictor.knots
                arrays[f"predictor.{k}.ranks"] = predictor.ranks
        steps = [(step.column.name, step.levels) for step in self._steps]
        return {"coding": self._coding.state(), "steps": steps, "predictors": predictors}, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._coding = LawCoding.restore(self.table, state["coding"])
        latent = self._coding.latent_table
        self._steps = [
            _Step(
                latent.column(name),
                tuple(levels),
                _tree(arrays, f"{j}.gaps."),
                _tree(arrays, f"{j}.values."),
            )
            for j, (name, levels) in enumerate(state["steps"])
        ]
        self._predictors = {
            name: CategoryPredictor(levels)
            if levels
            else NumberPredictor(arrays[f"predictor.{k}.knots"], arrays[f"predictor.{k}.ranks"])
            for k, (name, levels) in enumerate(state["predictors"])
        }


class _View:
    """The features of the columns that are known so far: real columns, and residuals of laws."""

    def __init__(
        self, coding: LawCoding, predictors: dict[str, NumberPredictor | CategoryPredictor]
    ) -> None:
        self.predictors = predictors
        self._coding = coding
        self._latents: dict[str, FloatArray] = {}
        self._values: dict[str, FloatArray] = {}
        self._guided: set[str] = set()
        self._features: list[NDArray[np.float32]] = []

    def matrix(self, rows: int) -> NDArray[np.float32]:
        """Shape (rows, features)."""
        if not self._features:
            return np.empty((rows, 0), dtype=np.float32)
        self._features = [np.column_stack(self._features)]
        return self._features[0]

    def add(self, step: _Step, cells: FloatArray) -> None:
        """A latent column, shape (rows,), and whatever real columns follow from it."""
        name = step.column.name
        if step.column.kind is Kind.CATEGORY:
            predictor = self.predictors.setdefault(name, CategoryPredictor(len(step.levels)))
            self._features.append(predictor.features(cells))
            return
        self._latents[name] = cells
        for added in self._coding.extend(self._values, self._latents):
            self._see(added, self._values[added])
        for formula in self._coding.formulas:
            if name in formula.latents:
                self._see(name, cells)
            target = formula.law.target
            guide = None if target in self._guided else formula.guide(self._values)
            if guide is not None:
                self._guided.add(target)
                self._see(f"formula of {target}", guide)

    def _see(self, name: str, cells: FloatArray) -> None:
        if name not in self.predictors:
            self.predictors[name] = NumberPredictor.of(cells)
        self._features.append(self.predictors[name].features(cells))


def _order(coding: LawCoding, latents: Block) -> list[Column]:
    """Latent columns in the order in which they are drawn; those of one law stay together."""

    def key(group: tuple[Column, ...]) -> tuple[int, int, float]:
        numbers = [column.name for column in group if column.is_number]
        distinct = [len(np.unique(latents.number(name))) for name in numbers]
        # The residual of one formula may need the target of another: they come last, as given.
        formula = any(group[0].name in one.latents for one in coding.formulas)
        turn = len(_TURN) if formula else _TURN[group[0].role]
        return turn, int(bool(numbers)), 0.0 if formula else float(np.mean([0, *distinct]))

    return [column for group in sorted(coding.groups, key=key) for column in group]


def _cells(latents: Block, column: Column) -> tuple[tuple[str | None, ...], FloatArray]:
    """Levels and codes of a category, most frequent first; the cells of a number."""
    if column.kind is not Kind.CATEGORY:
        return (), latents.number(column.name)
    texts = latents.text(column.name).tolist()
    count: dict[str | None, int] = {}
    for text in texts:
        count[text] = count.get(text, 0) + 1
    levels = tuple(sorted(count, key=lambda level: (-count[level], level is None, level or "")))
    codes = {level: code for code, level in enumerate(levels)}
    return levels, np.array([codes[text] for text in texts], dtype=np.float64)


def _tree(arrays: Arrays, prefix: str) -> LeafTree | None:
    """The tree whose arrays have this prefix, if there is one."""
    found = {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
    return LeafTree.restore(found) if found else None
