"""From what a source gave to a record, as the lab file says."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from halflife.schemas.errors import LabFileError, MessageError
from halflife.schemas.message import instant
from halflife.schemas.near import did_you_mean
from halflife.schemas.problem import Problem
from halflife.schemas.record import ExperimentRecord
from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Column, Kind, Table
from halflife.streams.watch.cells import check_cells
from halflife.streams.watch.decoder import LARGEST_MESSAGE

from .arrival import Arrival
from .refusal import Refusal
from .source_time import source_time, zone_of
from .units import Units

_LONGEST_ID: Final = 200
_MOST_NAMES: Final = 12


class RecordMaker:
    """Makes records of a stream out of the arrivals of a source.

    Args:
        plan: Of the source.
        stream: That its records belong to.
        clock: Seconds since 1970 in UTC: the time of what has none.

    Raises:
        LabFileError: For a column or a time zone of the plan that there is not.

    Example:
        >>> stream = StreamPlan(name="hplc", column={"area": {"role": "measured"}})
        >>> maker = RecordMaker(SourcePlan(name="hplc", type="files"), stream, clock=lambda: 0.0)
        >>> arrival = Arrival(values={"area": "1.5", "x": 2}, address="a.csv", record_id="2")
        >>> maker.make(arrival).values
        {'area': 1.5}
    """

    def __init__(self, plan: SourcePlan, stream: StreamPlan, *, clock: Callable[[], float]) -> None:
        self._plan = plan
        self._table = stream.table
        self._clock = clock
        self._units = Units()
        problems = _problems(plan, self._table)
        if problems:
            raise LabFileError(problems)
        self._zone = zone_of(plan.time_zone)
        self._paths = {
            column.name: plan.columns[column.name].path
            if column.name in plan.columns
            else column.name
            for column in self._table.columns
        }

    def take(self, arrival: Arrival) -> ExperimentRecord | Refusal:
        """The record, or why there is none."""
        try:
            record = self.make(arrival)
        except MessageError as error:
            return Refusal(arrival.address, error, arrival.raw or _shown(arrival.values))
        try:
            check_cells(self._table, record.values)
            _check_size(record.to_bytes())
        except MessageError as error:
            return Refusal(arrival.address, error, record.to_bytes(), is_record=True)
        return record

    def make(self, arrival: Arrival) -> ExperimentRecord:
        """The record; whether its cells are physically possible is not looked at.

        Raises:
            MessageError: If there is nothing of the stream in it, and for cells and times that
                cannot be read.
        """
        plan, fields = self._plan, arrival.values
        values = self._values(arrival)
        return ExperimentRecord.checked(
            {
                "stream": plan.stream_name,
                "record_id": self._identity(arrival),
                "time": instant(self._time(arrival)),
                "instrument": _text(fields, plan.instrument_from)
                or arrival.instrument
                or plan.instrument_name,
                "recipe": _text(fields, plan.recipe_from) or arrival.recipe or plan.recipe,
                "values": values,
            }
        )

    def _values(self, arrival: Arrival) -> dict[str, float | int | str | None]:
        values: dict[str, float | int | str | None] = {}
        for column in self._table.columns:
            path = self._paths[column.name]
            found = value_at(arrival.values, path)
            if found is not ABSENT:
                values[column.name] = self._cell(column, found, arrival.units.get(path))
        if not values:
            there = ", ".join(map(str, list(arrival.values)[:_MOST_NAMES])) or "nothing"
            raise MessageError(
                "no-columns",
                "values",
                f"none of the columns {', '.join(self._table.names[:_MOST_NAMES])} is in it; "
                f"it has {there}",
            )
        return values

    def _cell(self, column: Column, found: Any, unit: str | None) -> float | int | str | None:
        path = f"values.{column.name}"
        value = cell_of(found, column, path)
        entry = self._plan.columns.get(column.name)
        given = (entry and entry.unit) or unit
        if given is None or value is None or isinstance(value, str):
            return value
        return self._units.convert(value, given, column.unit, path)

    def _time(self, arrival: Arrival) -> datetime:
        path = self._plan.time_from
        if path is not None:
            found = value_at(arrival.values, path)
            if found is ABSENT or found is None:
                raise MessageError("missing-field", path, "the time of the record is not there")
            return source_time(found, self._zone, path)
        if arrival.time is not None:
            return source_time(arrival.time, self._zone)
        return datetime.fromtimestamp(self._clock(), UTC)

    def _identity(self, arrival: Arrival) -> str:
        path = self._plan.id_from
        name = arrival.record_id if path is None else _text(arrival.values, path)
        if not name:
            raise MessageError("missing-field", path or "record_id", "the identity is not there")
        if len(name) <= _LONGEST_ID:
            return name
        return (
            name[: _LONGEST_ID - 33]
            + "-"
            + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        )


def _problems(plan: SourcePlan, table: Table) -> list[Problem]:
    """What a plan asks for and there is not."""
    problems = [
        Problem(
            path=f"source.{plan.name}.column.{name}",
            text=f"is no column of the stream {plan.stream_name}{did_you_mean(name, table.names)}",
            value=repr(name),
            allowed=", ".join(table.names),
        )
        for name in plan.columns
        if name not in table.names
    ]
    try:
        zone_of(plan.time_zone)
    except ValueError as error:
        problems.append(Problem(path=f"source.{plan.name}.time_zone", text=str(error)))
    return problems


def _check_size(value: bytes) -> None:
    if len(value) > LARGEST_MESSAGE:
        said = f"{len(value):,} bytes; {LARGEST_MESSAGE:,} are allowed for one record"
        raise MessageError("too-large", "", said)


def cell_of(found: Any, column: Column, path: str) -> float | int | str | None:
    """A cell of a column out of what a source has there: text is read as a number where one is due.

    Raises:
        MessageError: For what cannot be one.
    """
    if hasattr(found, "item") and getattr(found, "size", 1) == 1:  # of numpy
        found = found.item()
    if found is None or (isinstance(found, float) and math.isnan(found)):
        return None
    if not column.is_number:
        return _category(found, path)
    if isinstance(found, bool):
        return int(found)
    if isinstance(found, str):
        text = found.strip()
        if not text or text.lower() in {"nan", "na", "n/a", "null", "none"}:
            return None
        try:
            found = int(text) if column.kind is Kind.INTEGER else float(text)
        except ValueError:
            raise MessageError("wrong-type", path, f"a number is due, not {text[:60]!r}") from None
        if isinstance(found, float) and math.isnan(found):
            return None
    if isinstance(found, int | float):
        return _of_64_bits(found, path)
    raise MessageError(
        "wrong-type",
        path,
        f"one number is due, not {type(found).__name__}: a path such as {column.name}.0 names one",
    )


def _of_64_bits(found: Any, path: str) -> float | int:
    """A number as JSON can have it."""
    if isinstance(found, float) or -(2**63) <= found < 2**63:
        return found  # type: ignore[no-any-return]  # one of the two
    try:
        return float(found)
    except OverflowError:
        raise MessageError("not-finite", path, "a number with more than 308 digits") from None


def _category(found: Any, path: str) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int | float):
        return f"{found:g}" if isinstance(found, float) else str(found)
    raise MessageError("wrong-type", path, f"a text is due, not {type(found).__name__}")


def _text(values: Mapping[str, Any], path: str | None) -> str | None:
    """What stands at a path, as text; None where there is nothing."""
    found = ABSENT if path is None else value_at(values, path)
    return None if found is ABSENT or found is None else str(found)


def _shown(values: Mapping[str, Any]) -> bytes:
    """Values as bytes for the dead letters, whatever they are."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(values, default=repr, option=options)
    except TypeError:  # an integer of more than 64 bits, a key that is no name
        return repr(values).encode("utf-8", "replace")
