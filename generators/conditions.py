"""What the rows to be made have to be: conditions on some of their columns."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Column, Kind, Table

from .condition import Condition, plain
from .errors import UnsuitableCondition

_TOKEN: Final = re.compile(r"""("[^"]*"|'[^']*')|(<=|>=|==|=|<|>|,|\|)|([^"'<>=,|]+)""")
_FORMS: Final = "write 'column = value', 'column = level | level', 'x > 3' or '1 <= x <= 2'"


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions that hold together, at most one for each column.

    Args:
        conditions: In any order; several of one column are taken together.

    Raises:
        UnsuitableCondition: For no condition, or some that exclude each other.

    Example:
        >>> table = Table((Column(name="x"), Column(name="solvent", kind=Kind.CATEGORY)))
        >>> where = Where.parse("1 <= x < 2, solvent = DMF", table)
        >>> where.text
        '1 <= x < 2, solvent = DMF'
        >>> where == Where.of({"solvent": "DMF", "x": (1, np.nextafter(2, 1))}, table)
        False
        >>> where.met(Block.from_rows(table, [{"x": 1.5, "solvent": "DMF"}, {"x": 1.5}]))
        array([ True, False])
    """

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        together: dict[str, Condition] = {}
        for one in self.conditions:
            other = together.get(one.column)
            together[one.column] = one if other is None else other.both(one)
        if not together:
            raise UnsuitableCondition(f"no condition: {_FORMS}")
        object.__setattr__(self, "conditions", tuple(together.values()))

    @classmethod
    def parse(cls, text: str, table: Table) -> Where:
        """Conditions as they are written, with commas between them.

        Names and levels with a comma, ``=``, ``<``, ``>``, ``|`` or a quote stand in quotes.

        Args:
            text: Such as ``"temperature = 350, solvent = DMF | DMSO, 1 <= x <= 2"``.
            table: Of the rows to be made.

        Raises:
            UnsuitableCondition: For a text that is no condition, or one that no row can meet, with
                the column, the value and what is allowed.
        """
        found = [one for clause in _clauses(text) for one in _read(clause, table)]
        return cls(tuple(found)).of_table(table)

    @classmethod
    def of(cls, wanted: Mapping[str, Any], table: Table) -> Where:
        """Conditions from plain values.

        Args:
            wanted: By column: a number, a pair of limits (None for an open end), a level, or
                several levels.
            table: Of the rows to be made.

        Raises:
            UnsuitableCondition: See `parse`.
        """
        found = (_of_value(_column(name, table), value) for name, value in wanted.items())
        return cls(tuple(found)).of_table(table)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns with a condition."""
        return tuple(one.column for one in self.conditions)

    @property
    def text(self) -> str:
        """As it is written; `parse` reads it back."""
        return ", ".join(one.text for one in self.conditions)

    def get(self, column: str) -> Condition | None:
        """The condition of a column, if it has one."""
        return next((one for one in self.conditions if one.column == column), None)

    def met(self, block: Block) -> NDArray[np.bool_]:
        """Whether each row meets all of them, shape (n,); a missing cell meets none."""
        met = np.stack([one.met(block) for one in self.conditions])
        return np.asarray(met.all(axis=0), dtype=np.bool_)

    def of_table(self, table: Table) -> Where:
        """The same conditions, as tight as the table's columns are.

        Raises:
            UnsuitableCondition: For an unknown column, a number where a level is due or the other
                way round, and what lies outside of a column's min and max.
        """
        return Where(tuple(_tightened(one, _column(one.column, table)) for one in self.conditions))

    def state(self) -> list[dict[str, Any]]:
        """As plain JSON data."""
        return [one.state() for one in self.conditions]

    @classmethod
    def restore(cls, state: Iterable[dict[str, Any]]) -> Where:
        """From plain data."""
        return cls(tuple(Condition.restore(one) for one in state))


def _column(name: str, table: Table) -> Column:
    if name in table.names:
        return table.column(name)
    near = difflib.get_close_matches(name, table.names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UnsuitableCondition(f"no column {name!r}; there are {', '.join(table.names)}{hint}")


def _tightened(one: Condition, column: Column) -> Condition:
    """A condition within what the column declares."""
    if bool(one.levels) == column.is_number:
        kind = "a number" if column.is_number else "a category"
        due = "a number or limits" if column.is_number else "one of its levels"
        raise UnsuitableCondition(
            f"column {one.column!r} is {kind}: {one.text!r} should give {due}"
        )
    if not column.is_number:
        return one
    lowest = -math.inf if column.minimum is None else column.minimum
    highest = math.inf if column.maximum is None else column.maximum
    low, high = max(one.low, lowest), min(one.high, highest)
    if low > high:
        raise UnsuitableCondition(
            f"column {one.column!r} goes from {plain(lowest)} to {plain(highest)} in the lab file: "
            f"{one.text!r} lies outside"
        )
    if column.kind is Kind.INTEGER:
        low = math.ceil(low) if math.isfinite(low) else low
        high = math.floor(high) if math.isfinite(high) else high
        if low > high:
            raise UnsuitableCondition(
                f"column {one.column!r} holds whole numbers: {one.text!r} allows none"
            )
    return Condition(one.column, float(low), float(high))


def _of_value(column: Column, value: Any) -> Condition:
    """One condition from a plain value."""
    if isinstance(value, str):
        return _equal(column, [value])
    if column.is_number and isinstance(value, list | tuple) and len(value) == 2:
        low, high = value
        low = -math.inf if low is None else float(low)
        return Condition(column.name, low, math.inf if high is None else float(high))
    if column.is_number and np.ndim(value) == 0:
        return Condition(column.name, float(value), float(value))
    if not column.is_number and isinstance(value, Iterable):
        return _equal(column, [str(level) for level in value])
    due = "a number or a pair of limits" if column.is_number else "a level or several"
    raise UnsuitableCondition(f"column {column.name!r} takes {due}, not {value!r}")


def _clauses(text: str) -> Iterator[list[tuple[str, str]]]:
    """Tokens of each condition: ``("word" | "sign", text)``."""
    clause: list[tuple[str, str]] = []
    end = 0
    for found in _TOKEN.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        quote, sign, bare = found.groups()
        if sign == ",":
            yield clause
            clause = []
        elif sign:
            clause.append(("sign", "=" if sign == "==" else sign))
        elif quote or bare.strip():
            clause.append(("word", quote[1:-1] if quote else bare.strip()))
    if end != len(text):
        raise UnsuitableCondition(f"{text[end:]!r} has a quote without its end")
    yield clause


def _read(clause: list[tuple[str, str]], table: Table) -> list[Condition]:
    """The conditions that one clause gives."""
    shape = [text if kind == "sign" else "" for kind, text in clause]
    words = [text for kind, text in clause if kind == "word"]
    if len(shape) >= 3 and shape[:2] == ["", "="] and set(shape[3::2]) <= {"|"}:
        if not any(shape[2::2]) and len(shape) % 2:
            return [_equal(_column(words[0], table), words[1:])]
    elif len(shape) == 3 and not shape[0] and shape[1] in _FLIPPED and not shape[2]:
        if words[0] in table.names or _number_or_none(words[0]) is None:
            return [_limited(_column(words[0], table), shape[1], words[1])]
        return [_limited(_column(words[1], table), _FLIPPED[shape[1]], words[0])]
    elif len(words) == 3 and not any(shape[::2]) and shape[1][:1] == shape[3][:1] in {"<", ">"}:
        column = _column(words[1], table)
        first = _limited(column, _FLIPPED[shape[1]], words[0])
        return [first.both(_limited(column, shape[3], words[2]))]
    said = " ".join(text for _, text in clause)
    raise UnsuitableCondition(f"{said!r} is no condition: {_FORMS}")


_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _equal(column: Column, values: list[str]) -> Condition:
    if not column.is_number:
        return Condition(column.name, levels=tuple(values))
    if len(values) > 1:
        raise UnsuitableCondition(
            f"column {column.name!r} is a number: give one value or limits, not {values}"
        )
    value = _number(column, values[0])
    return Condition(column.name, value, value)


def _limited(column: Column, sign: str, value: str) -> Condition:
    """``column sign value``."""
    if not column.is_number:
        raise UnsuitableCondition(
            f"column {column.name!r} is a category: it has levels and no order, so write "
            f"'{column.name} = level' and not '{sign} {value}'"
        )
    limit = _number(column, value)
    beyond = math.inf if sign == ">" else -math.inf
    if len(sign) == 1:
        limit = math.nextafter(limit, beyond)
    if sign in ("<", "<="):
        return Condition(column.name, high=limit)
    return Condition(column.name, low=limit)


def _number(column: Column, text: str) -> float:
    found = _number_or_none(text)
    if found is None:
        unit = "" if column.unit == "1" else f" in {column.unit}"
        raise UnsuitableCondition(
            f"column {column.name!r} is a number{unit}: {text!r} is none (write it without a unit)"
        )
    return found


def _number_or_none(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return None if math.isnan(found) else found
