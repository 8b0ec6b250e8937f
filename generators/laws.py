"""Rows of a table and the latents that generators learn instead, with every law kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halflife.schemas.table import (
    Block,
    Column,
    EquationLaw,
    FloatArray,
    Kind,
    OrderLaw,
    Role,
    SumLaw,
    Table,
)

from .composition import Composition
from .errors import ConflictingLaws
from .formula import Formula
from .grid import Grid
from .rise import Rise
from .seen_compositions import SeenCompositions

Sum = Composition | SeenCompositions
Following = Formula | Rise
"""A column that is told from others and a residual."""


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A column and those that it must not lie below, out of the order laws of a table."""

    target: str
    inputs: tuple[str, ...]
    text: str


_FEWEST_COMPLETE = 2
_LINE = 1e-6


@dataclass(frozen=True)
class LawCoding:
    """The two-way map between rows of a table and latents that may be generated freely.

    Columns of a ``sum`` law become shares (or whole compositions, where those repeat), the target
    of an ``equation`` law its residual, in an ``order`` law all columns but the first by how much
    they rise above those before; all other columns stay. Whatever the latents, the decoded
    row keeps the laws as well as the real rows did, with grids, whole numbers and digits kept.

    A missing part of a sum is learnt as a flag: its row borrows, for the shares, the nearest
    complete composition.

    Args:
        table: Of the rows.
        sums: One for each sum law that some rows show.
        formulas: One for each column that an equation or order law gives, each after those that
            give its inputs.
        gaps: Columns of the sums with missing cells.
        grids: Of the columns that have one.

    Example:
        >>> table = Table((Column(name="a"), Column(name="b")), (SumLaw(("a", "b"), equals=1.),))
        >>> block = Block.from_rows(table, [{"a": .25, "b": .75}, {"a": .5, "b": .5}])
        >>> coding = LawCoding.of(block)
        >>> coding.latent_table.names
        ('share of a',)
        >>> coding.decode(coding.encode(block)).digest() == block.digest()
        True
    """

    table: Table
    sums: tuple[Sum, ...]
    formulas: tuple[Following, ...]
    gaps: tuple[str, ...]
    grids: Mapping[str, Grid]

    @classmethod
    def of(cls, block: Block) -> LawCoding:
        """Learn the map from rows.

        Raises:
            ConflictingLaws: See `check_laws`.
        """
        table, values = block.table, block.values()
        ordered = check_laws(table)
        sums: list[Sum] = []
        gaps: list[str] = []
        for law in table.laws:
            if isinstance(law, SumLaw):
                complete = ~np.isnan(block.matrix(law.columns)).any(axis=1)
                if complete.sum() >= _FEWEST_COMPLETE:
                    sums.append(_sum_of({name: values[name][complete] for name in law.columns}))
                    gaps += [name for name in law.columns if np.isnan(values[name]).any()]
        grids = {
            column.name: _grid_of(column, values[column.name])
            for column in table.columns
            if column.is_number
        }
        return cls(
            table=table,
            sums=tuple(sums),
            formulas=tuple(
                Formula.of(law, values)
                if isinstance(law, EquationLaw)
                else Rise.of(law.target, law.inputs, values)
                for law in ordered
            ),
            gaps=tuple(gaps),
            grids={name: grid for name, grid in grids.items() if grid is not None},
        )

    @property
    def groups(self) -> tuple[tuple[Column, ...], ...]:
        """Latent columns, those of one law together and in the order of their decoding."""
        first = {one.columns[0]: one for one in self.sums}
        covered = {name for one in (*self.sums, *self.formulas) for name in one.columns}
        found: list[tuple[Column, ...]] = []
        for column in self.table.columns:
            if column.name in first:
                found.append(self._sum_columns(first[column.name], column.role))
            elif column.name not in covered:
                found.append((column,))
        found += [
            tuple(Column(name=name, role=self._role(formula)) for name in formula.latents)
            for formula in self.formulas
        ]
        return tuple(found)

    @property
    def latent_table(self) -> Table:
        """The columns of the latents, without laws."""
        return Table(tuple(column for group in self.groups for column in group))

    def encode(self, block: Block) -> Block:
        """The latents of the rows that the map was learnt from."""
        values = block.values()
        latents = dict(values)
        for one in self.sums:
            for name in one.columns:
                if name in self.gaps:
                    latents[flag_of(name)] = np.isnan(values[name]).astype(np.float64)
            latents.update(one.encode(_completed({name: values[name] for name in one.columns})))
        for formula in self.formulas:
            latents.update(formula.encode(values))
        return _block(self.latent_table, latents, block)

    def decode(self, latents: Block, known: Mapping[str, FloatArray] | None = None) -> Block:
        """The rows of latents; ``known`` columns, each of shape (n,), are as they are."""
        values: dict[str, FloatArray] = dict(known or {})
        self.extend(values, latents.values())
        return _block(self.table, values, latents)

    def extend(self, values: dict[str, FloatArray], latents: Mapping[str, FloatArray]) -> list[str]:
        """Add to ``values`` the columns that can now be told from the latents, each (n,).

        Returns:
            Names of the columns that were added.
        """
        before = set(values)
        covered = {name for one in (*self.sums, *self.formulas) for name in one.columns}
        for name in self.table.numeric:
            if name in latents and name not in covered and name not in values:
                values[name] = self._snapped(name, latents[name])
        for one in self.sums:
            if one.columns[-1] not in values and _flags_known(one, self.gaps, latents):
                for name, cells in one.decode(latents).items():
                    gap = latents[flag_of(name)] > 0.5 if name in self.gaps else False
                    values.setdefault(name, np.where(gap, np.nan, cells))
        for formula in self.formulas:
            name = formula.target
            target = None if name in values else formula.decode(latents, values)
            if target is not None:
                snapped = self._limited(name, self._snapped(name, target))
                values[name] = self._lifted(formula, snapped, values)
        return [name for name in values if name not in before]

    def _snapped(self, name: str, cells: FloatArray) -> FloatArray:
        grid = self.grids.get(name)
        return cells if grid is None else grid.snap(cells)

    def _limited(self, name: str, cells: FloatArray) -> FloatArray:
        column = self.table.column(name)
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        return np.asarray(np.clip(cells, low, high), dtype=np.float64)

    def _lifted(
        self, formula: Following, cells: FloatArray, values: Mapping[str, FloatArray]
    ) -> FloatArray:
        """Cells that the grid put below an order that is kept, on the next line above it."""
        grid = self.grids.get(formula.target)
        if not isinstance(formula, Rise) or not formula.keeps or grid is None:
            return cells
        below = formula.below(values)
        lines = np.ceil(grid.to_lines(below) - _LINE)
        return np.where(cells < below, grid.from_lines(lines), cells)

    def _role(self, formula: Following) -> Role:
        """Of the latents: a rise is a set-point where its column is."""
        derived = isinstance(formula, Formula)
        return Role.DERIVED if derived else self.table.column(formula.target).role

    def _sum_columns(self, one: Sum, role: Role) -> tuple[Column, ...]:
        flags = [flag_of(name) for name in one.columns if name in self.gaps]
        kind = Kind.INTEGER if isinstance(one, SeenCompositions) else Kind.NUMBER
        return (
            *(Column(name=name, role=role, kind=Kind.INTEGER) for name in flags),
            *(Column(name=name, role=role, kind=kind) for name in one.latents),
        )

    def state(self) -> dict[str, Any]:
        """As plain data, without the table."""
        return {
            "sums": [[type(one).__name__, one.state()] for one in self.sums],
            "formulas": [[type(one).__name__, one.state()] for one in self.formulas],
            "gaps": list(self.gaps),
            "grids": {name: grid.state() for name, grid in self.grids.items()},
        }

    @classmethod
    def restore(cls, table: Table, state: Mapping[str, Any]) -> LawCoding:
        """From plain data."""
        kinds: dict[str, type[Sum]] = {
            kind.__name__: kind for kind in (Composition, SeenCompositions)
        }
        following: dict[str, type[Following]] = {kind.__name__: kind for kind in (Formula, Rise)}
        return cls(
            table=table,
            sums=tuple(kinds[kind].restore(one) for kind, one in state["sums"]),
            formulas=tuple(following[kind].restore(one) for kind, one in state["formulas"]),
            gaps=tuple(state["gaps"]),
            grids={name: Grid.restore(grid) for name, grid in state["grids"].items()},
        )


def check_laws(table: Table) -> tuple[EquationLaw | OrderStep, ...]:
    """The equations and steps of orders, each after those that give its inputs.

    Raises:
        ConflictingLaws: For two sums with a column in common, a column that two laws give (orders
            may share one), or laws that go round in a circle.

    Example:
        >>> columns = tuple(Column(name=name) for name in "abc")
        >>> laws = (EquationLaw("c = 2 * b"), EquationLaw("b = a + 1"))
        >>> [law.target for law in check_laws(Table(columns, laws))]
        ['b', 'c']
    """
    given: dict[str, str] = {}
    for law in table.laws:
        if not isinstance(law, OrderLaw):
            for name in law.columns if isinstance(law, SumLaw) else (law.target,):
                _give(given, name, law.text)
    steps = _order_steps(table)
    for step in steps:
        _give(given, step.target, step.text)
    equations = [law for law in table.laws if isinstance(law, EquationLaw)]
    waiting: list[EquationLaw | OrderStep] = [*steps, *equations]
    ordered: list[EquationLaw | OrderStep] = []
    while waiting:
        targets = {law.target for law in waiting}
        ready = [law for law in waiting if not targets & set(law.inputs)]
        if not ready:
            circle = "; ".join(dict.fromkeys(law.text for law in waiting))
            raise ConflictingLaws(f"laws go round in a circle: {circle}")
        ordered += ready
        waiting = [law for law in waiting if law not in ready]
    return tuple(ordered)


def _give(given: dict[str, str], name: str, text: str) -> None:
    """Note that a law gives a column, which no other law may."""
    if name in given:
        raise ConflictingLaws(
            f"laws {given[name]!r} and {text!r} both give {name!r}: declare one of them alone"
        )
    given[name] = text


def _order_steps(table: Table) -> list[OrderStep]:
    """One for each column with others below it, from all orders together."""
    below: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for law in table.laws:
        if isinstance(law, OrderLaw):
            for j, name in enumerate(law.columns[1:], start=1):
                below.setdefault(name, []).extend(law.columns[:j])
                texts.setdefault(name, []).append(law.text)
    return [
        OrderStep(name, tuple(dict.fromkeys(lower)), "; ".join(texts[name]))
        for name, lower in below.items()
    ]


def _sum_of(values: Mapping[str, FloatArray]) -> Sum:
    """Seen compositions where at most one for two rows is distinct, else shares."""
    seen = SeenCompositions.of(values)
    rows = len(next(iter(values.values())))
    return seen if 2 * len(seen.seen) <= rows else Composition.of(values)


def _grid_of(column: Column, cells: FloatArray) -> Grid | None:
    """Whole numbers for integers, else what the cells show."""
    if column.kind is Kind.INTEGER:
        return Grid.of(np.rint(cells))
    return Grid.of(cells)


def _completed(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Rows with a missing part replaced by the complete row that is nearest in the others."""
    parts = np.column_stack(list(values.values()))
    broken = np.flatnonzero(np.isnan(parts).any(axis=1))
    whole = np.flatnonzero(~np.isnan(parts).any(axis=1))
    nearest = parts.copy()
    for turn, row in enumerate(broken):
        distance = np.nansum(np.abs(parts[whole] - parts[row]), axis=1)
        # Ties are taken in turn: rows without any part would all borrow the same one else.
        ties = whole[distance == distance.min()]
        nearest[row] = parts[ties[turn % len(ties)]]
    return {name: nearest[:, j] for j, name in enumerate(values)}


def flag_of(name: str) -> str:
    """Name of the latent that says where a part of a sum is missing."""
    return f"{name} is missing"


def _flags_known(one: Sum, gaps: Sequence[str], latents: Mapping[str, FloatArray]) -> bool:
    return all(flag_of(name) in latents for name in one.columns if name in gaps)


def _block(table: Table, values: Mapping[str, FloatArray], like: Block) -> Block:
    """Numbers by name beside the texts of another block (categories are never replaced)."""
    texts = {name: like.text(name) for name in table.categories}
    return Block.from_columns(table, {**values, **texts}, rows=len(like))
