"""Sequential trees: each column drawn given those before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Column, FloatArray, Kind, ObjectArray, Role, Table

from .archive import Arrays
from .column_grower import ColumnGrower, is_much_work
from .column_step import ColumnStep
from .conditioned_trees import Particles, weighed
from .conditions import Where
from .formula import Formula
from .generator import CHUNK, Generator
from .given_latents import given_latents
from .laws import LawCoding
from .leaf_mixture import LeafMixture
from .leaf_tree import IntArray, LeafTree
from .predictor import MOST_LEVELS, CategoryPredictor, NumberPredictor
from .progress import Progress
from .trend import Trend

_UNIFORMS: Final = 6
_PLACE: Final = 2
_NO_DONOR: Final = -1
_Drawn = tuple[FloatArray, FloatArray, IntArray]
_LEAN: Final = 4.0
_HONEST: Final = 0.25
_Model = TypeVar("_Model", LeafTree, LeafMixture, Trend)
_TURN: Final[dict[Role, int]] = {
    Role.CONTEXT: 0,
    Role.SET_POINT: 1,
    Role.MEASURED: 2,
    Role.DERIVED: 3,
}


class Trees(Generator):
    """Sequential trees with smoothed leaves of several sizes.

    ``p(x) = prod_j p(x_j | x_1 ... x_{j-1})``, each factor a mixture of decision trees whose leaves
    hold the training values that fell there. The planner's columns come first (context,
    set-points), then what answers, so that ``p(measured | set-points)`` is modelled directly; among
    columns of one role categories come first, then numbers from many distinct values to few. How
    much small leaves are to be used beside great ones is told, column by column, by rows held out
    (`LeafMixture`). Values that repeat are kept as they are; others are smoothed within their leaf,
    residuals of laws most carefully. A measured column that follows those before it smoothly is
    drawn as a trend and what is left beside it (`Trend`), a measured category by a forest.
    A missing cell is drawn first, by a tree of its own. Laws are kept by construction
    (`LawCoding`). After a target that is a category, each level of few rows has trees of its own.

    Where rows times predictors are many (`is_much_work`), there are two sizes of leaves instead of
    five and no trend, so that 20,000 rows take a second.

    Args:
        table: What the columns are, and the laws to keep.
        min_leaf: Fewest training rows in the smallest leaves; the greatest have 40 times as many.
        privacy: From 0, as near to the training rows as the trees come, to 1, as far as they go.
            Rows held out are likeliest at .25; the default keeps more distance. The higher it is,
            the fewer synthetic rows are nearer to a training row than to any other real one, and
            the easier they are told from real ones.
        few_trees: Whether two sizes of leaves and no trend have to do; as the rows have it, if
            left out.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a ``min_leaf`` below 1, or a ``privacy`` outside [0, 1].

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

    def __init__(
        self,
        table: Table,
        *,
        min_leaf: int = 2,
        privacy: float = 0.4,
        few_trees: bool | None = None,
    ) -> None:
        super().__init__(table)
        if min_leaf < 1:
            raise ValueError(f"min_leaf must be at least 1, not {min_leaf}")
        if not 0.0 <= privacy <= 1.0:
            raise ValueError(f"privacy must be between 0 and 1, not {privacy}")
        self.min_leaf = min_leaf
        self.privacy = privacy
        self.few_trees = few_trees

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {
            "min_leaf": self.min_leaf,
            "privacy": self.privacy,
            "few_trees": self.few_trees,
        }

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
        steps: list[ColumnStep] = []
        order = _order(coding, latents)
        few = is_much_work(len(block), len(order)) if self.few_trees is None else self.few_trees
        grower = ColumnGrower(self.min_leaf, much_work=few, target=self.table.target)
        began = told = clock()
        for done, column in enumerate(order):
            levels, cells = _cells(latents, column)
            features = view.matrix(len(block))
            step = grower.step(column, levels, cells, features, growth, apart=view.apart)
            steps.append(step)
            view.add(step, cells)
            now = clock()
            if progress is not None and (now - told >= 0.5 or done + 1 == len(order)):
                told = now
                left = (now - began) / (done + 1) * (len(order) - done - 1)
                progress(Progress("columns", done + 1, len(order), seconds_left=left))
        self._coding, self._steps, self._predictors = coding, steps, view.predictors

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream; each row takes six uniform numbers for each column."""
        width = _UNIFORMS * len(self._steps)
        uniform = np.concatenate([stream.random((CHUNK, width)) for stream in streams])

        def cells(j: int, view: _View) -> _Drawn:
            chance = uniform[:, _UNIFORMS * j : _UNIFORMS * (j + 1)]
            made, donors = self._cells(self._steps[j], view.matrix(len(uniform)), chance, view.used)
            return made, made, donors

        return self._coding.decode(self._latents(len(uniform), cells))

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """`CHUNK` rows for each stream, or fewer: candidates that conditions restrict and weigh."""

        def candidates(stream: np.random.Generator, rows: int) -> tuple[Block, FloatArray]:
            particles = Particles(self._coding, where, rows, stream, width=_UNIFORMS, even=_PLACE)

            def cells(j: int, view: _View) -> _Drawn:
                step, features = self._steps[j], view.matrix(rows)
                donors = np.empty((rows, 0), dtype=np.int64)

                def draw(uniform: FloatArray) -> FloatArray:
                    nonlocal donors
                    times = len(uniform) // rows
                    wide, used = np.repeat(features, times, axis=0), view.used
                    made, given = self._cells(step, wide, uniform, np.repeat(used, times, axis=0))
                    donors = given.reshape(rows, times)
                    return made

                name, known = step.column.name, (view.values, view.latents)
                taken = particles.cells(name, step.levels, self._seen_of(step), known, draw)
                return taken.own, taken.seen, donors[np.arange(rows), taken.tries]

            made = self._coding.decode(self._latents(rows, cells))
            return particles.settled(made), particles.weights

        return weighed(candidates, streams, where, chunk=CHUNK)

    def draw_given(self, streams: Sequence[np.random.Generator], conditions: Block) -> Block:
        """One row for each row of conditions, exactly where those columns are drawn first."""
        latents = given_latents(self._coding, conditions)
        names = {*(latents or {}), *conditions.table.categories}
        first = self._steps[: len(names)]
        if latents is None or {step.column.name for step in first} != names:
            return super().draw_given(streams, conditions)
        if any(set(conditions.text(s.column.name)) - set(s.levels) for s in first if s.levels):
            return super().draw_given(streams, conditions)
        rows = len(conditions)
        width = _UNIFORMS * len(self._steps)
        uniform = np.concatenate([stream.random((CHUNK, width)) for stream in streams])[:rows]

        def cells(j: int, view: _View) -> _Drawn:
            step, donors = self._steps[j], np.full(rows, _NO_DONOR, dtype=np.int64)
            if j >= len(names):
                chance = uniform[:, _UNIFORMS * j : _UNIFORMS * (j + 1)]
                made, donors = self._cells(step, view.matrix(rows), chance, view.used)
            elif step.column.is_number:
                made = latents[step.column.name]
            else:
                texts = conditions.text(step.column.name).tolist()
                made = np.array([step.levels.index(text) for text in texts], dtype=np.float64)
            return made, made, donors

        return self._coding.decode(self._latents(rows, cells), conditions.values())

    def _cells(
        self,
        step: ColumnStep,
        features: NDArray[np.float32],
        chance: FloatArray,
        used: IntArray,
    ) -> tuple[FloatArray, IntArray]:
        """A latent column of rows and the training rows that gave it, each of shape (rows,)."""
        cells = np.full(len(features), np.nan)
        donors = np.full(len(features), _NO_DONOR, dtype=np.int64)
        if step.values is not None:
            careful = any(step.column.name in one.latents for one in self._coding.formulas)
            lean = _LEAN * (self.privacy - _HONEST)
            cells, donors = step.values.draw(
                features, chance[:, 1:], used, lean=lean, careful=careful
            )
            if step.trend is not None:
                cells = step.trend.values(features, cells)
        if step.gaps is not None:
            missing = step.gaps.draw(features, np.repeat(chance[:, :1], 3, axis=1)) > 0.5
            cells = np.where(missing, np.nan, cells)
        return (np.rint(cells) if step.column.kind is Kind.INTEGER else cells), donors

    def _latents(self, rows: int, cells_of: Callable[[int, _View], _Drawn]) -> Block:
        """Latent rows, column by column.

        ``cells_of`` gives column ``j``, what later columns are to see of it, and its donors.
        """
        view = _View(self._coding, self._predictors, rows)
        made: dict[str, FloatArray | ObjectArray] = {}
        for j, step in enumerate(self._steps):
            cells, seen, donors = cells_of(j, view)
            view.add(step, seen)
            view.used = np.column_stack([view.used, donors])
            made[step.column.name] = cells
            if step.column.kind is Kind.CATEGORY:
                made[step.column.name] = np.array(step.levels, dtype=object)[cells.astype(np.intp)]
        return Block.from_columns(self._coding.latent_table, made, rows=rows)

    def _seen_of(self, step: ColumnStep) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Training values of a column, and which of them are never smoothed."""
        predictor = self._predictors.get(step.column.name)
        if step.values is None:
            return np.empty(0), np.empty(0, dtype=np.bool_)
        if step.trend is not None and isinstance(predictor, NumberPredictor):
            return predictor.knots, np.zeros(len(predictor.knots), dtype=np.bool_)
        tree = step.values.trees[0]
        return tree.values, tree.fixed

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Order, levels and law coding; the arrays of all trees and predictors."""
        arrays: Arrays = {}
        for j, step in enumerate(self._steps):
            for part, model in (
                ("gaps", step.gaps),
                ("values", step.values),
                ("trend", step.trend),
            ):
                if model is not None:
                    arrays.update({f"{j}.{part}.{k}": a for k, a in model.arrays().items()})
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
            ColumnStep(
                latent.column(name),
                tuple(levels),
                _restored(LeafTree, arrays, f"{j}.gaps."),
                _restored(LeafMixture, arrays, f"{j}.values."),
                _restored(Trend, arrays, f"{j}.trend."),
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
        self,
        coding: LawCoding,
        predictors: dict[str, NumberPredictor | CategoryPredictor],
        rows: int = 0,
    ) -> None:
        self.predictors = predictors
        self.used = np.empty((rows, 0), dtype=np.int64)
        self._coding = coding
        self.latents: dict[str, FloatArray] = {}
        self.values: dict[str, FloatArray] = {}
        self.apart = range(0)
        self._guided: set[str] = set()
        self._features: list[NDArray[np.float32]] = []

    def matrix(self, rows: int) -> NDArray[np.float32]:
        """Shape (rows, features)."""
        if not self._features:
            return np.empty((rows, 0), dtype=np.float32)
        self._features = [np.column_stack(self._features)]
        return self._features[0]

    def add(self, step: ColumnStep, cells: FloatArray) -> None:
        """A latent column, shape (rows,), and whatever real columns follow from it."""
        name = step.column.name
        if step.column.kind is Kind.CATEGORY:
            predictor = self.predictors.setdefault(name, CategoryPredictor(len(step.levels)))
            features = predictor.features(cells)
            if name == self._coding.table.target:
                first = sum(own.shape[1] for own in self._features)
                self.apart = range(first, first + min(len(step.levels), MOST_LEVELS))
            self._features.append(features)
            return
        self.latents[name] = cells
        for added in self._coding.extend(self.values, self.latents):
            self._see(added, self.values[added])
        for formula in self._coding.formulas:
            if name in formula.latents:
                self._see(name, cells)
            target = formula.target
            guide = None if target in self._guided else formula.guide(self.values)
            if guide is not None:
                self._guided.add(target)
                self._see(f"formula of {target}", guide)

    def _see(self, name: str, cells: FloatArray) -> None:
        if name not in self.predictors:
            self.predictors[name] = NumberPredictor.of(cells)
        self._features.append(self.predictors[name].features(cells))


def _order(coding: LawCoding, latents: Block) -> list[Column]:
    """Latent columns in the order in which they are drawn; those of one law stay together."""
    given = {one.target for one in coding.formulas if isinstance(one, Formula)}
    rises = {one.latents[0]: one for one in coding.formulas if not isinstance(one, Formula)}

    def key(group: tuple[Column, ...]) -> tuple[int, int, float]:
        first = group[0].name
        numbers = [column.name for column in group if column.is_number]
        distinct = [len(np.unique(latents.number(name))) for name in numbers]
        if first in rises and not given & set(rises[first].inputs):
            # After the columns that it rises above, before those that answer.
            below = [coding.table.column(name).role for name in rises[first].inputs]
            return max(_TURN[role] for role in (group[0].role, *below)), 1, math.inf
        # The residual of one formula may need the target of another: they come last, as given.
        formula = any(first in one.latents for one in coding.formulas)
        turn = len(_TURN) if formula else _TURN[group[0].role]
        return turn, int(bool(numbers)), 0.0 if formula else -float(np.mean([0, *distinct]))

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


def _restored(kind: type[_Model], arrays: Mapping[str, NDArray[Any]], prefix: str) -> _Model | None:
    """What the arrays with this prefix are of, if there are any."""
    found = {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
    return kind.restore(found) if found else None
