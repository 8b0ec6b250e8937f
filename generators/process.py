"""A user's own simulator as a generator, with its parameters fitted to the real rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, Column, EquationLaw, FloatArray, Law, Role, Table

from .archive import Arrays
from .conditions import Where
from .errors import BrokenProcess
from .formula import Formula
from .generator import Generator
from .grid import Grid
from .laws import check_laws
from .parameter_fit import ParameterFit
from .progress import Progress
from .rejection import accepted
from .seen import Seen
from .simulator import Simulator, bounds_of
from .trees import Trees

_RUNS: Final = 16
_NOISY_STEP: Final = 0.02
_LIKELIEST: Final = 0.25
_MOST_DRAWS: Final = 400


class Process(Generator):
    """Simulates the outputs of set-points, and adds what the simulator leaves.

    ``y = f(x; p) + r``: the set-points ``x``, the context and all columns that the simulator does
    not give are drawn by `Trees`; the parameters ``p`` are fitted to the rows by least squares,
    each output in its spread (`ParameterFit`); the residuals ``r = y - f(x; p)`` are columns of
    the same trees, so that they depend on ``x`` as in the real rows. A simulator that draws random
    numbers itself (two runs differ) is fitted by the mean of 16 runs, and nothing is added to it.
    Columns that an equation gives follow by it. Without a function all is left to the trees.

    Args:
        table: What the columns are, and the laws to keep.
        function: ``"package.module:function"``, see `Simulator`.
        parameters: By name: ``[low, high]``, or one number for a parameter that is known.
        budget: How often the fit may simulate all rows, about.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        BrokenProcess: For a function that is not found, or bounds that are none.

    Attributes:
        fit_of_parameters: Values and standard errors; None before `fit`.

    Example:
        >>> from halflife.generators import create
        >>> create("process", Table((Column(name="x"),)), function="math.sin").name
        Traceback (most recent call last):
        ...
        halflife.generators.errors.BrokenProcess: process 'math.sin': is no path; write it as \
'package.module:function'
    """

    name: ClassVar[str] = "process"

    def __init__(
        self,
        table: Table,
        *,
        function: str = "",
        parameters: Mapping[str, Any] | None = None,
        budget: int = 300,
    ) -> None:
        super().__init__(table)
        if budget < 1:
            raise BrokenProcess(f"budget must be at least 1, not {budget}")
        self.function = function
        self.budget = budget
        self.fit_of_parameters: ParameterFit | None = None
        self._given = dict(parameters or {})
        self._bounds = bounds_of(self._given)
        self._simulator = Simulator(function) if function else None

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        given = {name: _plain(limits) for name, limits in self._given.items()}
        return {"function": self.function, "parameters": given, "budget": self.budget}

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # a fit begins anew: the rows are few
        clock: Callable[[], float],
    ) -> None:
        """Fit the parameters, then the trees of all that is not simulated."""
        residuals: dict[str, FloatArray] = {}
        self._outputs = tuple(residuals)
        self._noisy = False
        if self._simulator is not None:
            residuals = self._fit(block, self._simulator, seed)
        laws = check_laws(self.table) if self._outputs else ()
        self._formulas = tuple(
            Formula.of(law, block.values()) for law in laws if isinstance(law, EquationLaw)
        )
        grids = {name: Grid.of(block.number(name)) for name in self._outputs}
        self._grids = {name: grid for name, grid in grids.items() if grid is not None}
        latents = {f"rest of {name}": cells for name, cells in residuals.items()}
        for formula in self._formulas:
            latents.update(formula.encode(block.values()))
        rows = _beside(block, self._inner_table(tuple(latents)), latents)
        self._trees = Trees(rows.table, privacy=_LIKELIEST)
        self._trees.fit(rows, seed=seed, progress=progress, clock=clock)

    def _fit(self, block: Block, simulator: Simulator, seed: int) -> dict[str, FloatArray]:
        """Find outputs and parameters; the residuals of outputs, empty for a noisy simulator."""
        given = _columns(block, self._inputs)
        middle = {name: 0.5 * (low + high) for name, (low, high) in self._bounds.items()}
        one, other = (
            simulator.run(given, middle, _random(seed, turn), finite=False) for turn in (0, 1)
        )
        self._outputs = self._checked_outputs(simulator, tuple(one))
        self._noisy = any(not np.array_equal(one[n], other[n], equal_nan=True) for n in one)
        spreads = {name: _spread(block.number(name)) for name in self._outputs}

        def means(parameters: Mapping[str, float]) -> dict[str, FloatArray]:
            # The same random numbers for all parameters: what differs is their doing.
            turns = range(_RUNS if self._noisy else 1)
            runs = [
                simulator.run(given, parameters, _random(seed, turn), finite=False)
                for turn in turns
            ]
            return {n: np.mean([run[n] for run in runs], axis=0) for n in self._outputs}

        def misses(parameters: dict[str, float]) -> FloatArray:
            outputs = means(parameters)
            found = [
                ((block.number(n) - outputs[n]) / spreads[n])[~np.isnan(block.number(n))]
                for n in self._outputs
            ]
            return np.concatenate(found)

        self.fit_of_parameters = ParameterFit.of(
            misses,
            self._bounds,
            seed=seed,
            budget=max(self.budget // (_RUNS if self._noisy else 1), 20),
            step=_NOISY_STEP if self._noisy else None,
        )
        if self._noisy:
            simulator.run(given, self.fit_of_parameters.values, _random(seed, 0))
            return {}
        fitted = simulator.run(given, self.fit_of_parameters.values, _random(seed, 0))
        return {name: block.number(name) - fitted[name] for name in self._outputs}

    @property
    def _inputs(self) -> tuple[str, ...]:
        chosen = (Role.SET_POINT, Role.CONTEXT)
        return tuple(column.name for column in self.table.columns if column.role in chosen)

    def _checked_outputs(self, simulator: Simulator, names: tuple[str, ...]) -> tuple[str, ...]:
        """Names that the simulator gives, which must be columns that nothing else gives."""
        open_ = [n for n in self.table.numeric if n not in self._inputs]
        given: dict[str, str] = {}
        for law in self.table.laws:
            names_of = (law.target,) if isinstance(law, EquationLaw) else law.columns
            given.update(dict.fromkeys(names_of, law.text))
        for name in names:
            if name not in open_:
                raise BrokenProcess(
                    f"process {simulator.path!r}: returned {name!r}, which is none of the numeric "
                    f"columns that answer: {', '.join(open_) or 'there are none'}"
                )
            if name in given:
                raise BrokenProcess(
                    f"process {simulator.path!r} and law {given[name]!r} both give {name!r}"
                )
        return names

    def _inner_table(self, latents: tuple[str, ...]) -> Table:
        """The columns that the trees draw: all but outputs and targets, with the latents."""
        gone = {*self._outputs, *(formula.target for formula in self._formulas)}
        columns = tuple(column for column in self.table.columns if column.name not in gone)
        laws: list[Law] = [law for law in self.table.laws if not gone & set(law.columns)]
        more = tuple(Column(name=name, role=Role.MEASURED) for name in latents)
        return Table((*columns, *more), tuple(laws))

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """Trees, then the simulator, a chunk at a time."""
        return Block.concatenate([self._rows(self._trees.draw([s]), s) for s in streams])

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """What the trees draw is conditioned there; outputs by rejection."""
        inner = tuple(o for o in where.conditions if o.column in self._trees.table.names)
        if not inner:
            return super().draw_where(streams, where)

        def draw(children: Sequence[np.random.Generator]) -> Block:
            some = Where(inner)
            return Block.concatenate(
                [self._rows(self._trees.draw_where([s], some), s) for s in children]
            )

        if len(inner) == len(where.conditions):
            return draw(streams)
        return accepted(draw, streams, where, chunk=256, most_draws=_MOST_DRAWS)

    def draw_given(self, streams: Sequence[np.random.Generator], conditions: Block) -> Block:
        """Set-points as they are given, then the simulator."""
        if any(name not in self._trees.table.names for name in conditions.table.names):
            return super().draw_given(streams, conditions)
        found = []
        for c, stream in enumerate(streams):
            some = conditions[256 * c : 256 * (c + 1)]
            found.append(self._rows(self._trees.draw_given([stream], some), stream))
        return Block.concatenate(found)

    def check_where(self, where: Where, seen: Seen | None) -> None:
        """Outputs may go where no real row went; all else may not."""
        others = tuple(one for one in where.conditions if one.column not in self._outputs)
        if others:
            super().check_where(Where(others), seen)

    def _rows(self, inner: Block, stream: np.random.Generator) -> Block:
        """Whole rows of what the trees drew."""
        values = inner.values()
        if self._simulator is not None and len(inner):
            assert self.fit_of_parameters is not None  # noqa: S101  # fitted: for the type checker
            given = _columns(inner, self._inputs)
            outputs = self._simulator.run(given, self.fit_of_parameters.values, stream)
            for name in self._outputs:
                rest = 0.0 if self._noisy else values[f"rest of {name}"]
                values[name] = self._limited(name, outputs[name] + rest)
        for formula in self._formulas:
            target = formula.decode(values, values)
            if target is not None:
                values[formula.target] = self._limited(formula.target, target)
        for name in (*self._outputs, *(formula.target for formula in self._formulas)):
            values.setdefault(name, np.full(len(inner), np.nan))
        return _beside(inner, self.table, values)

    def _limited(self, name: str, cells: FloatArray) -> FloatArray:
        """On the grid of the real rows and within the declared range."""
        grid = self._grids.get(name)
        column = self.table.column(name)
        cells = cells if grid is None else grid.snap(cells)
        low = -np.inf if column.minimum is None else column.minimum
        return np.clip(cells, low, np.inf if column.maximum is None else column.maximum)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The fitted parameters, what is simulated, and the trees."""
        trees, arrays = self._trees.state()
        fit = self.fit_of_parameters
        return {
            "outputs": list(self._outputs),
            "noisy": self._noisy,
            "fit": None if fit is None else [dict(fit.values), dict(fit.errors), fit.evaluations],
            "formulas": [formula.state() for formula in self._formulas],
            "grids": {name: grid.state() for name, grid in self._grids.items()},
            "latents": [n for n in self._trees.table.names if n not in self.table.names],
            "trees": trees,
        }, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._outputs = tuple(state["outputs"])
        self._noisy = state["noisy"]
        self.fit_of_parameters = None if state["fit"] is None else ParameterFit(*state["fit"])
        self._formulas = tuple(Formula.restore(one) for one in state["formulas"])
        self._grids = {name: Grid.restore(grid) for name, grid in state["grids"].items()}
        self._trees = Trees(self._inner_table(tuple(state["latents"])), privacy=_LIKELIEST)
        self._trees.adopt(state["trees"], arrays)


def _random(seed: int, turn: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((seed, 4, turn)))


def _plain(limits: Any) -> Any:
    return [float(v) for v in limits] if isinstance(limits, list | tuple) else float(limits)


def _spread(cells: FloatArray) -> float:
    present = cells[~np.isnan(cells)]
    return float(present.std()) or 1.0 if present.size else 1.0


def _columns(block: Block, names: Sequence[str]) -> Block:
    """Some columns of rows, without laws."""
    if not names:
        raise BrokenProcess("a process needs columns that are set-points or context")
    table = Table(tuple(column for column in block.table.columns if column.name in names))
    return _beside(block, table, block.values())


def _beside(block: Block, table: Table, values: Mapping[str, FloatArray]) -> Block:
    """Rows of a table with numbers by name, the others as they are in ``block``."""
    texts = {name: block.text(name) for name in table.categories}
    return Block.from_columns(table, {**block.values(), **values, **texts}, rows=len(block))
