"""The words that all rooms share: the table of a stream, and a block of its rows.

Plain frozen dataclasses over numpy, so that monitors and generators need nothing else of ours.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .column import Column, Kind, Role
from .law import EquationLaw, FloatArray, Law, OrderLaw, SumLaw

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Block",
    "Column",
    "EquationLaw",
    "FloatArray",
    "Kind",
    "Law",
    "OrderLaw",
    "Role",
    "SumLaw",
    "Table",
]

ObjectArray = NDArray[np.object_]


@dataclass(frozen=True)
class Table:
    """The columns of a stream in their order, with the laws that its rows obey.

    Args:
        columns: At least one, names distinct.
        laws: Over these columns.
        target: The column that models of this stream predict, if one is named.

    Raises:
        ValueError: For no column, a name given twice, a law or target over an unknown column or
            one that is no number.

    Example:
        >>> table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
        >>> table.set_points, table.measured
        (('x',), ('y',))
    """

    columns: tuple[Column, ...]
    laws: tuple[Law, ...] = ()
    target: str | None = None

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a table needs at least one column")
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns named twice: {', '.join(twice)}")
        for law in self.laws:
            for name in law.columns:
                if name not in self.numeric:
                    raise ValueError(f"law {law.text!r}: {name!r} is no numeric column")
        if self.target is not None and self.target not in names:
            raise ValueError(f"target {self.target!r} is none of {', '.join(names)}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """The columns of numbers, in order: the columns of ``Block.numbers``."""
        return tuple(column.name for column in self.columns if column.is_number)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The columns of categories, in order: the columns of ``Block.texts``."""
        return tuple(column.name for column in self.columns if not column.is_number)

    @cached_property
    def set_points(self) -> tuple[str, ...]:
        """The columns that the planner chooses."""
        return self.of_role(Role.SET_POINT)

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """The columns that answer."""
        return self.of_role(Role.MEASURED)

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that change with anything declared here."""
        columns = [
            (c.name, c.role.value, c.kind.value, c.unit, _real(c.minimum), _real(c.maximum))
            for c in self.columns
        ]
        text = repr((columns, [_declared(law) for law in self.laws], self.target))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def of_role(self, role: Role) -> tuple[str, ...]:
        """The columns of one role, in order."""
        return tuple(column.name for column in self.columns if column.role is role)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: With the names that there are.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"no column {name!r}; there are {', '.join(self.names)}")


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of a table, by column: numbers as floats, categories as texts.

    Args:
        table: What the columns are.
        numbers: Shape (n, len(table.numeric)), float64; NaN is a missing cell.
        texts: Shape (n, len(table.categories)), object; None is a missing cell.

    Raises:
        ValueError: For arrays of another shape.

    Example:
        >>> table = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY)))
        >>> block = Block.from_rows(table, [{"x": 1.0, "who": "ann"}, {"x": None}])
        >>> len(block), block.missing("x"), block.missing("who")
        (2, 1, 1)
    """

    table: Table
    numbers: FloatArray
    texts: ObjectArray

    def __post_init__(self) -> None:
        wanted = (len(self.numbers), len(self.table.numeric))
        if self.numbers.shape != wanted:
            raise ValueError(f"numbers of shape {self.numbers.shape} where {wanted} is due")
        wanted = (len(self.numbers), len(self.table.categories))
        if self.texts.shape != wanted:
            raise ValueError(f"texts of shape {self.texts.shape} where {wanted} is due")

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: slice | NDArray[Any] | Sequence[int]) -> Block:
        """Some of the rows: a slice, a mask of shape (n,), or indices."""
        chosen = rows if isinstance(rows, slice) else np.asarray(rows)
        if not isinstance(chosen, slice) and chosen.size == 0:
            chosen = chosen.astype(np.intp)
        return Block(self.table, self.numbers[chosen], self.texts[chosen])

    def number(self, name: str) -> FloatArray:
        """The cells of a numeric column, shape (n,)."""
        return self.numbers[:, self.table.numeric.index(name)]

    def text(self, name: str) -> ObjectArray:
        """The cells of a category column, shape (n,)."""
        return self.texts[:, self.table.categories.index(name)]

    def matrix(self, names: Sequence[str]) -> FloatArray:
        """Numeric columns side by side, shape (n, len(names))."""
        return self.numbers[:, [self.table.numeric.index(name) for name in names]]

    def missing(self, name: str) -> int:
        """How many cells of a column are missing."""
        if name in self.table.numeric:
            return int(np.isnan(self.number(name)).sum())
        return sum(cell is None for cell in self.text(name))

    def values(self) -> dict[str, FloatArray]:
        """The numeric columns by name, as laws want them."""
        return {name: self.numbers[:, i] for i, name in enumerate(self.table.numeric)}

    def violations(self, law: Law) -> int:
        """How many rows break a law."""
        return int(law.violated(self.values()).sum())

    def row_keys(self) -> list[Hashable]:
        """Each row as something that can be looked up; missing cells are equal.

        Example:
            >>> block = Block.from_rows(Table((Column(name="x"),)), [{"x": -0.0}, {}, {"x": 0.0}])
            >>> block.row_keys()[0] == block.row_keys()[2] != block.row_keys()[1]
            True
        """
        numbers = np.where(np.isnan(self.numbers), np.inf, self.numbers + 0.0)  # -0.0 is 0.0
        return list(zip(map(tuple, numbers.tolist()), map(tuple, self.texts), strict=True))

    def digest(self) -> str:
        """32 hexadecimal digits of the rows, their order and their table."""
        digest = hashlib.blake2b(self.table.digest.encode(), digest_size=16)
        numbers = np.where(np.isnan(self.numbers), np.nan, self.numbers + 0.0)  # -0.0 is 0.0
        digest.update(np.ascontiguousarray(numbers).tobytes())
        for row in self.texts:
            for cell in row:  # no UTF-8 has the bytes FE and FF: a text cannot end another
                digest.update(b"\xfe" if cell is None else cell.encode() + b"\xff")
        return digest.hexdigest()

    def rows(self) -> list[dict[str, float | int | str | None]]:
        """The rows as the ``values`` of records: None is a missing cell."""
        integers = {c.name for c in self.table.columns if c.kind is Kind.INTEGER}
        columns: dict[str, list[Any]] = {}
        for name in self.table.names:
            if name in self.table.numeric:
                cells = self.number(name).tolist()
                cast = int if name in integers else float
                columns[name] = [None if math.isnan(cell) else cast(cell) for cell in cells]
            else:
                columns[name] = self.text(name).tolist()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame, columns in the table's order."""
        import pandas as pd

        cells: dict[str, Any] = {}
        for name in self.table.names:
            numeric = name in self.table.numeric
            cells[name] = self.number(name) if numeric else self.text(name)
        return pd.DataFrame(cells, columns=list(self.table.names))

    @classmethod
    def empty(cls, table: Table) -> Block:
        """No rows."""
        return cls.from_rows(table, [])

    @classmethod
    def from_rows(cls, table: Table, rows: Sequence[Mapping[str, Any]]) -> Block:
        """From the ``values`` of records; an absent column is a missing cell."""
        numbers = np.full((len(rows), len(table.numeric)), np.nan)
        texts = np.full((len(rows), len(table.categories)), None, dtype=object)
        for i, row in enumerate(rows):
            for j, name in enumerate(table.numeric):
                cell = row.get(name)
                if cell is not None:
                    numbers[i, j] = cell
            for j, name in enumerate(table.categories):
                texts[i, j] = row.get(name)
        return cls(table, numbers, texts)

    @classmethod
    def from_columns(
        cls, table: Table, columns: Mapping[str, FloatArray | ObjectArray], *, rows: int
    ) -> Block:
        """From all columns of the table by name, shape (rows,) each; others are left out."""
        numbers = np.empty((rows, len(table.numeric)))
        for j, name in enumerate(table.numeric):
            numbers[:, j] = columns[name]
        texts = np.empty((rows, len(table.categories)), dtype=object)
        for j, name in enumerate(table.categories):
            texts[:, j] = columns[name]
        return cls(table, numbers, texts)

    @classmethod
    def from_frame(cls, table: Table, frame: pd.DataFrame) -> Block:
        """From a pandas frame that has all columns of the table (others are left out).

        Raises:
            ValueError: For a column that is absent, or text where a number is due.
        """
        absent = [name for name in table.names if name not in frame.columns]
        if absent:
            raise ValueError(f"no column {', '.join(absent)} among {', '.join(map(str, frame))}")
        numbers = np.empty((len(frame), len(table.numeric)))
        for j, name in enumerate(table.numeric):
            try:
                numbers[:, j] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
            except (TypeError, ValueError) as error:
                raise ValueError(f"column {name!r} should hold numbers: {error}") from error
        texts = np.full((len(frame), len(table.categories)), None, dtype=object)
        for j, name in enumerate(table.categories):
            missing = frame[name].isna().to_numpy()
            cells = frame[name].astype(str).to_numpy(dtype=object)
            texts[~missing, j] = cells[~missing]
        return cls(table, numbers, texts)

    @classmethod
    def concatenate(cls, blocks: Sequence[Block]) -> Block:
        """Rows of several blocks of one table, one after the other.

        Raises:
            ValueError: For no block at all.
        """
        if not blocks:
            raise ValueError("no block to concatenate")
        numbers = np.concatenate([block.numbers for block in blocks])
        texts = np.concatenate([block.texts for block in blocks])
        return cls(blocks[0].table, numbers, texts)


def _declared(law: Law) -> tuple[object, ...]:
    """All that a law declares, its numbers to the last bit."""
    if isinstance(law, SumLaw):
        return "SumLaw", law.columns, _real(law.equals), _real(law.tolerance)
    if isinstance(law, OrderLaw):
        return "OrderLaw", law.columns, _real(law.tolerance)
    return "EquationLaw", law.equation, _real(law.tolerance)


def _real(number: float | None) -> float | None:
    """A number as one float, whether it came as 1, 1.0 or numpy's; -0.0 is 0.0."""
    return None if number is None else float(number) + 0.0
