"""A first lab file out of a table: each guess stands beside its reason, for a person to correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from .column import Kind, Role
from .errors import SchemaError
from .guessed_column import GuessedColumn, guess_column, numbers_of
from .guessed_sums import GuessedSum, guess_sums
from .law import FloatArray
from .message import StreamName
from .toml_places import basic_string, quoted

if TYPE_CHECKING:
    import pandas as pd

_LEAST_REFERENCE: Final = (20, 50)  # where nothing is set, and where answers are judged by it
_LEAST_ROWS: Final = 150  # of which a hash holds out the 30 that a gate needs nearly always
_MANY: Final = 12  # more columns alike than a planner turns: the channels of an instrument


def guess_lab(
    frame: pd.DataFrame,
    *,
    stream: str,
    source: str,
    units: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
    with_names: bool = False,
) -> str:
    r"""The text of a lab file for a table, with guessed roles, units, ranges and sum laws.

    Args:
        frame: One row a record, in the order in which they came.
        stream: Name of the stream.
        source: What the table is called, for the first line.
        units: Of columns, where somebody who knows has told them.
        roles: Likewise; words that are no role are passed over.
        with_names: Whether columns that only name the record, or tell its time, are columns too.

    Raises:
        SchemaError: For a table without rows or columns, a column without a name or with a name
            that another has, and a text that is no name of a stream.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"temperature_K": [300, 310] * 20, "yield": range(40)})
        >>> print("\n".join(guess_lab(frame, stream="a", source="a.csv").splitlines()[-3:]))
        [stream.a.column]
        temperature_K = { role = "set-point", unit = "K", min = 0 }  # 2 distinct values in 40 rows
        yield = { role = "measured", unit = "1", min = 0 }  # named like something that is measured
    """
    _check(frame, stream, source)
    guesses = [guess_column(str(name), frame[name]) for name in frame.columns]
    numbers = {
        guess.name: cells
        for guess, name in zip(guesses, frame.columns, strict=True)
        if (cells := numbers_of(frame[name])) is not None and guess.role is not Role.CONTEXT
    }
    sums = guess_sums(numbers)
    for guess in sums:
        guesses = [_as_part(column, guess, numbers) for column in guesses]
    told = {name: role for name, role in (roles or {}).items() if role in set(Role)}
    guesses = [_told(column, units or {}, told) for column in guesses]
    guesses = _decide(guesses, told)
    if with_names or all(guess.is_name for guess in guesses):  # a stream has a column at least
        guesses = [replace(guess, is_name=False) for guess in guesses]
    lines = [*_head(frame, guesses, stream, source), "", f"[stream.{quoted(stream)}.column]"]
    lines += [_column_line(column) for column in guesses]
    for guess in sums:
        lines += ["", *_law_lines(guess, stream)]
    return "\n".join(lines) + "\n"


def _check(frame: pd.DataFrame, stream: str, source: str) -> None:
    try:
        TypeAdapter(StreamName).validate_python(stream)
    except ValidationError as error:
        raise SchemaError(
            f"{stream!r} is no name of a stream: it may have lower-case letters, digits, '.', '_' "
            "and '-', the first a letter or digit, at most 64"
        ) from error
    names = [str(name) for name in frame.columns]
    if not names:
        raise SchemaError(f"{source}: no columns: nothing to guess from")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SchemaError(f"{source}: columns named twice: {', '.join(map(repr, twice))}")
    for place, name in enumerate(names, start=1):
        if not name or any("\ud800" <= character <= "\udfff" for character in name):
            raise SchemaError(f"{source}: column {place} has no usable name: {name!r}")
    if len(frame) == 0:
        raise SchemaError(f"{source}: column names and no row: nothing to guess from")


def _as_part(
    column: GuessedColumn, guess: GuessedSum, numbers: Mapping[str, FloatArray]
) -> GuessedColumn:
    """A column that is part of a fixed sum: a planner chose it, and the sum limits it."""
    if column.name not in guess.law.columns:
        return column
    within = np.nanmax(numbers[column.name]) <= guess.law.equals
    return replace(
        column,
        role=Role.SET_POINT,
        minimum=0.0,
        maximum=guess.law.equals if within else None,
        reason=f"part of a sum of {guess.law.equals:g}",
    )


def _told(
    column: GuessedColumn, units: Mapping[str, str], roles: Mapping[str, str]
) -> GuessedColumn:
    """A column as its source tells it, which knows better than any guess."""
    said = []
    if column.name in roles:
        column = replace(column, role=Role(roles[column.name]), reason="", is_name=False)
        said.append("role")
    if column.name in units and column.kind is not Kind.CATEGORY:
        column = replace(column, unit=units[column.name])
        said.append("unit")
    reason = f"its source tells the {' and the '.join(said)}" if said else ""
    return replace(column, reason="; ".join(filter(None, (column.reason, reason))))


def _decide(guesses: Sequence[GuessedColumn], told: Mapping[str, str]) -> list[GuessedColumn]:
    """Roles for the columns that say nothing by themselves, from where they stand."""
    numeric = [guess for guess in guesses if guess.kind is not Kind.CATEGORY]
    numeric = [guess for guess in numeric if guess.name not in told]
    last = numeric[-1].name if numeric else None
    none_measured = all(guess.role is not Role.MEASURED for guess in guesses)
    many = sum(guess.role is None for guess in guesses) > _MANY
    decided: list[GuessedColumn] = []
    seen_measured = False
    for guess in guesses:
        column = guess
        if none_measured and guess.name == last:
            warning = f"; {guess.reason}" if guess.reason.startswith("WARNING") else ""
            said = f"the last column of numbers, and none is clearly measured{warning}"
            column = replace(guess, role=Role.MEASURED, reason=said)
        elif guess.role is None and (many or seen_measured or guess.name == last):
            said = "its values hardly ever repeat"
            column = replace(guess, role=Role.MEASURED, reason=said)
        elif guess.role is None:
            said = "a guess from its place: it stands before the measured columns"
            column = replace(guess, role=Role.SET_POINT, reason=said)
        seen_measured = seen_measured or column.role is Role.MEASURED
        decided.append(column)
    return decided


def _head(
    frame: pd.DataFrame, guesses: Sequence[GuessedColumn], stream: str, source: str
) -> list[str]:
    rows = len(frame)
    lines = [
        f"# Guessed from {_comment(source)}: {rows:,} rows, {len(guesses)} columns.",
        "# Correct what is wrong, above all the roles: set-point (the planner chooses it),",
        "# measured (the instrument answers), derived (follows by a law), context (where, who).",
        *_warnings(guesses, rows),
        f"[stream.{quoted(stream)}]",
        'false_alarms = "1 per 10000 records"',
        "keep = 0.9  # share of its fidelity at birth below which a batch is replaced",
    ]
    shortest = _LEAST_REFERENCE[any(guess.role is Role.SET_POINT for guess in guesses)]
    reference = min(500, max(shortest, rows // 2))
    half = f": half of the {rows} rows, {shortest} at least; 500 is better"
    said = "" if rows >= 1000 else half
    lines.append(f"reference = {reference}  # records at the start that are taken as normal{said}")
    least = min(200, max(_LEAST_ROWS, reference // 2))
    lines.append(
        f"min_rows = {least}  # records that a training needs, those that judge it included"
    )
    measured = [guess for guess in guesses if guess.role is Role.MEASURED]
    if measured:
        said = "what models predict: the last measured column"
        lines.append(f"target = {basic_string(measured[-1].name)}  # {said}")
    return lines


def _warnings(guesses: Sequence[GuessedColumn], rows: int) -> list[str]:
    warnings = []
    if rows < 20:
        warnings.append(f"# WARNING: {rows} rows are too few to guess from; check every line.")
    if not any(guess.role is Role.MEASURED for guess in guesses):
        warnings.append("# WARNING: no column of numbers: nothing here is measured.")
    if rows > 1 and all("WARNING" in guess.reason for guess in guesses):
        warnings.append("# WARNING: every column holds one value: nothing can drift or be learnt.")
    return warnings


def _column_line(column: GuessedColumn) -> str:
    if column.is_name:
        return f"# {quoted(column.name)} is left out: {_comment(column.reason)}"
    role = column.role or Role.MEASURED
    parts = [f"role = {basic_string(role.value)}"]
    if column.kind is not Kind.NUMBER:
        parts.append(f"kind = {basic_string(column.kind.value)}")
    if column.kind is not Kind.CATEGORY:
        parts.append(f"unit = {basic_string(column.unit)}")
    limits = (("min", column.minimum), ("max", column.maximum))
    parts += [f"{key} = {_number(limit)}" for key, limit in limits if limit is not None]
    return f"{quoted(column.name)} = {{ {', '.join(parts)} }}  # {_comment(column.reason)}"


def _law_lines(guess: GuessedSum, stream: str) -> list[str]:
    return [
        f"[[stream.{quoted(stream)}.law]]  # kept by {guess.share:.1%} of the rows",
        f"sum = [{', '.join(basic_string(name) for name in guess.law.columns)}]",
        f"equals = {_number(guess.law.equals)}",
        f"tolerance = {_number(guess.law.tolerance)}",
    ]


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _comment(text: str) -> str:
    """A text that can stand in a comment of one line."""
    return "".join(c if c.isprintable() else "?" for c in text).encode(errors="replace").decode()
