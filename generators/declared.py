"""Distributions that a user declares, column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from halflife.schemas.table import Block, EquationLaw, FloatArray, Kind, SumLaw, Table

from .archive import Arrays
from .distribution import Distribution
from .errors import BrokenProcess
from .formula import Formula
from .generator import CHUNK, Generator
from .laws import check_laws
from .progress import Progress
from .trees import Trees

_REDRAWS: Final = 20


class Declared(Generator):
    """Draws columns from declared distributions, one given those before it.

    Declared columns are drawn in such an order that every formula finds its inputs, within the
    column's min and max (drawn again up to 20 times, then cut). The one part of a sum that is not
    declared is the rest; the target of an equation that is not declared follows by it, with the
    residuals of the real rows. All other columns are drawn by `Trees`, given the declared ones
    (exactly where those are set-points, by the nearest row else). Arguments that are left out are
    fitted to the real rows; cells of declared columns are never missing.

    Args:
        table: What the columns are, and the laws to keep.
        columns: By column: ``{"distribution": ..., argument: value, ...}``, see `Distribution`.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        BrokenProcess: For a distribution that is wrong, of an unknown column, or in a circle.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> block = Block(table, np.ones((20, 2)), np.empty((20, 0), dtype=object))
        >>> declared = Declared(table, columns={
        ...     "x": {"distribution": "grid", "low": 0, "high": 1, "step": 0.5},
        ...     "y": {"distribution": "normal", "mean": "3 * x", "sd": 0.01},
        ... })
        >>> declared.fit(block, seed=0)
        >>> made = declared.sample(300, seed=1)
        >>> sorted(set(made.number("x").tolist()))
        [0.0, 0.5, 1.0]
        >>> bool(abs(made.number("y") - 3 * made.number("x")).max() < 0.05)
        True
    """

    name: ClassVar[str] = "declared"

    def __init__(
        self, table: Table, *, columns: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        super().__init__(table)
        self._columns = {name: dict(entry) for name, entry in (columns or {}).items()}
        found = {name: self._distribution(name, entry) for name, entry in self._columns.items()}
        self._distributions = _in_order(found, table)
        self._trees: Trees | None = None
        self._formulas: tuple[Formula, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"columns": self._columns}

    def _distribution(self, name: str, entry: Mapping[str, Any]) -> Distribution:
        if name not in self.table.names:
            raise BrokenProcess(
                f"process of column {name!r}: no such column; there are "
                f"{', '.join(self.table.names)}"
            )
        arguments = {key: value for key, value in entry.items() if key != "distribution"}
        found = Distribution(name, str(entry.get("distribution")), arguments)
        if self.table.column(name).is_number == (found.kind == "categorical"):
            kind = self.table.column(name).kind
            raise BrokenProcess(f"process of column {name!r}: a {kind} cannot be {found.kind}")
        return found

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # nothing here takes long
        clock: Callable[[], float],
    ) -> None:
        """Fit what was left open, and the trees of all other columns."""
        self._distributions = tuple(
            one if one.fitted else one.fit(_cells(block, one.column)) for one in self._distributions
        )
        declared = {one.column for one in self._distributions}
        self._rests = _rests(self.table, declared)
        told = declared | set(self._rests)
        formulas: list[Formula] = []
        for law in check_laws(self.table):
            if isinstance(law, EquationLaw) and law.target not in told and told & set(law.inputs):
                formulas.append(Formula.of(law, block.values()))
                told.add(law.target)
        self._formulas = tuple(formulas)
        self._residuals = {
            name: cells[np.isfinite(cells)]
            for formula in self._formulas
            for name, cells in formula.encode(block.values()).items()
        }
        self._trees = None
        if self._others():
            self._trees = Trees(self.table)
            self._trees.fit(block, seed=seed, progress=progress, clock=clock)
        elif progress is not None:
            progress(Progress("columns", 1, 1, seconds_left=0.0))

    def _others(self) -> list[str]:
        """Columns that nothing declared gives."""
        told = {one.column for one in self._distributions} | set(self._rests)
        told |= {formula.target for formula in self._formulas}
        return [name for name in self.table.names if name not in told]

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """Declared columns, then what follows from them, then the others, a chunk at a time."""
        return Block.concatenate([self._chunk(stream) for stream in streams])

    def _chunk(self, stream: np.random.Generator) -> Block:
        if not self._distributions and self._trees is not None:
            return self._trees.draw([stream])
        values: dict[str, FloatArray] = {}
        texts: dict[str, Any] = {}
        for one in self._distributions:
            if self.table.column(one.column).is_number:
                values[one.column] = self._drawn(one, values, stream)
            else:
                texts[one.column] = one.draw(values, CHUNK, stream)
        for name, (parts, equals) in self._rests.items():
            values[name] = equals - np.sum([values[part] for part in parts], axis=0)
        if self._trees is not None:
            given = _block(self.table, values, texts)
            made = self._trees.draw_given([stream], given)
            values = {**made.values(), **values}
            texts = {**{n: made.text(n) for n in self.table.categories}, **texts}
        for formula in self._formulas:
            latents = {
                name: stream.choice(self._residuals[name], CHUNK)
                if self._residuals[name].size
                else np.full(CHUNK, np.nan)
                for name in formula.latents
            }
            found = formula.decode(latents, values)
            if found is not None:
                values[formula.target] = found
        return _block(self.table, values, texts)

    def _drawn(
        self, one: Distribution, values: Mapping[str, FloatArray], stream: np.random.Generator
    ) -> FloatArray:
        """A numeric column within what its column allows."""
        column = self.table.column(one.column)
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        cells = one.draw(values, CHUNK, stream)
        for _ in range(_REDRAWS):
            outside = (cells < low) | (cells > high)
            if not outside.any():
                break
            cells = np.where(outside, one.draw(values, CHUNK, stream), cells)
        cells = np.rint(cells) if column.kind is Kind.INTEGER else cells
        return np.asarray(np.clip(cells, low, high), dtype=np.float64)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The fitted arguments, formulas with their residuals, and the trees."""
        trees, arrays = (None, {}) if self._trees is None else self._trees.state()
        arrays = {**arrays, **{f"residuals.{n}": c for n, c in self._residuals.items()}}
        return {
            "arguments": {one.column: dict(one.arguments) for one in self._distributions},
            "formulas": [formula.state() for formula in self._formulas],
            "residuals": list(self._residuals),
            "trees": trees,
        }, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._distributions = tuple(
            Distribution(one.column, one.kind, state["arguments"][one.column])
            for one in self._distributions
        )
        self._rests = _rests(self.table, {one.column for one in self._distributions})
        self._formulas = tuple(Formula.restore(one) for one in state["formulas"])
        self._residuals = {name: arrays[f"residuals.{name}"] for name in state["residuals"]}
        self._trees = None
        if state["trees"] is not None:
            self._trees = Trees(self.table)
            self._trees.adopt(state["trees"], arrays)


def _in_order(found: Mapping[str, Distribution], table: Table) -> tuple[Distribution, ...]:
    """Distributions, each after those that give its inputs, else in the order of the columns."""
    waiting = {name: found[name] for name in table.names if name in found}
    ordered: list[Distribution] = []
    for one in found.values():
        for name in one.inputs:
            if name not in found or name not in table.numeric:
                raise BrokenProcess(
                    f"process of column {one.column!r}: {name!r} in its formula is no declared "
                    "number: give it a distribution too"
                )
    while waiting:
        ready = [one for one in waiting.values() if not set(one.inputs) & set(waiting)]
        if not ready:
            raise BrokenProcess(f"process: {', '.join(waiting)} need each other in a circle")
        ordered += ready
        waiting = {name: one for name, one in waiting.items() if one not in ready}
    return tuple(ordered)


def _rests(table: Table, declared: set[str]) -> dict[str, tuple[tuple[str, ...], float]]:
    """The part of each sum that alone is not declared, with the other parts and the total."""
    found: dict[str, tuple[tuple[str, ...], float]] = {}
    for law in table.laws:
        open_ = [name for name in law.columns if name not in declared]
        if isinstance(law, SumLaw) and len(open_) == 1:
            found[open_[0]] = (tuple(n for n in law.columns if n != open_[0]), law.equals)
    return found


def _cells(block: Block, name: str) -> Any:
    return block.number(name) if name in block.table.numeric else block.text(name)


def _block(table: Table, values: Mapping[str, FloatArray], texts: Mapping[str, Any]) -> Block:
    """Rows of those columns of a table that are told, with its laws where all are."""
    columns = tuple(c for c in table.columns if c.name in values or c.name in texts)
    whole = len(columns) == len(table.columns)
    some = table if whole else Table(columns)
    return Block.from_columns(some, {**values, **texts}, rows=CHUNK)
