"""A lab file out of what a source said: for a person to look over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.errors import MessageError
from halflife.schemas.guess import guess_lab
from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.schemas.toml_places import basic_string, quoted

from .arrival import Arrival
from .flat import flat
from .source_time import source_time, zone_of

if TYPE_CHECKING:
    import pandas as pd

_TIME: Final = re.compile(r"(^|[_\s.])(time|timestamp|date|datetime|when|ts|zeit)($|[_\s.])", re.I)
_EMPTY: Final = {"", "nan", "na", "n/a", "null", "none"}
_MOST_COLUMNS: Final = 200


class Proposal:
    """A stream and its source as they probably are.

    Args:
        plan: Of the source, as far as the lab file has it.
        table: Its table as it stands in the lab file.
        arrivals: What it said; at least one.

    Attributes:
        text: A lab file.

    Raises:
        SchemaError: If there is nothing in it that could be a column.

    Example:
        >>> plan = SourcePlan(name="hplc", type="mqtt")
        >>> said = Arrival(values={"data": {"celsius": 20.5}}, address="", record_id="1")
        >>> text = Proposal(plan, {"type": "mqtt"}, [said] * 3).text
        >>> print(text[text.index("[source") :].strip())
        [source.hplc]
        type = "mqtt"
        [source.hplc.column]
        celsius = "data.celsius"
    """

    def __init__(
        self, plan: SourcePlan, table: Mapping[str, Any], arrivals: Sequence[Arrival]
    ) -> None:
        self._plan = plan
        self._table = table
        self._arrivals = arrivals
        paths = {path: None for arrival in arrivals for path, _ in flat(arrival.values)}
        self._time = self._time_path(list(paths))
        self._paths = self._columns(list(paths))
        units = self._told("units") | {
            name: entry.unit for name, entry in plan.columns.items() if entry.unit
        }
        lab = guess_lab(
            self._frame(),
            stream=plan.stream_name,
            source=f"{len(arrivals)} records of the source {plan.name}",
            units=units,
            roles=self._told("roles"),
            with_names=True,
        )
        self.text = f"{lab}\n{self._source()}"

    def _time_path(self, paths: Sequence[str]) -> tuple[str, bool] | None:
        """Where the time of a record stands, and whether without a zone; None if it is known."""
        if self._plan.time_from is not None:
            return None
        for path in paths:
            values = [value_at(arrival.values, path) for arrival in self._arrivals]
            if not _TIME.search(path) or any(v is ABSENT or v is None for v in values):
                continue
            if all(isinstance(v, int | float) and v < 1e9 for v in values):
                continue  # seconds of a run, not since 1970
            try:
                for value in values:
                    source_time(value, zone_of(self._plan.time_zone))
            except MessageError as error:
                if error.reason == "time-without-zone":
                    return path, True
                continue
            return path, False
        return None

    def _columns(self, paths: Sequence[str]) -> dict[str, str]:
        """The path of each column: by the names of the lab file, else by short ones."""
        plan = self._plan
        named = {entry.path: name for name, entry in plan.columns.items()}
        own = {plan.time_from, plan.id_from, plan.instrument_from, plan.recipe_from}
        own |= {self._time[0]} if self._time else set()
        left = [path for path in paths if path not in own and self._is_cell(path)][:_MOST_COLUMNS]
        short = [path.rpartition(".")[2] for path in left]
        found: dict[str, str] = {}
        for path, name in zip(left, short, strict=True):
            alone = short.count(name) == 1 and not name.isdigit()
            found[named.get(path) or (name if alone or path == name else path)] = path
        return found

    def _is_cell(self, path: str) -> bool:
        """Whether what stands there may be cells of a column: no spectra, no pictures."""
        values = (value_at(arrival.values, path) for arrival in self._arrivals)
        return all(
            value is ABSENT or value is None or isinstance(value, int | float | str)
            for value in values
        )

    def _told(self, what: str) -> dict[str, str]:
        """Units or roles as the source told them, by column."""
        told: dict[str, str] = {}
        for arrival in self._arrivals:
            told |= dict(getattr(arrival, what, {}))  # not every source tells roles
        return {name: told[path] for name, path in self._paths.items() if path in told}

    def _frame(self) -> pd.DataFrame:
        import pandas as pd

        cells = {
            name: _cells([value_at(arrival.values, path) for arrival in self._arrivals])
            for name, path in self._paths.items()
        }
        return pd.DataFrame(cells)

    def _source(self) -> str:
        name = quoted(self._plan.name)
        lines = [f"[source.{name}]"]
        column = self._table.get("column", {})
        lines += [f"{quoted(key)} = {toml(v)}" for key, v in self._table.items() if key != "column"]
        if self._time:
            path, naive = self._time
            lines.append(f"time_from = {basic_string(path)}  # it looks like the time of a record")
            if naive and "time_zone" not in self._table:
                lines.append('time_zone = "UTC"  # a guess: the times have no zone')
        entries = {
            name: {"from": path} if path != name else {} for name, path in self._paths.items()
        }
        for name, entry in self._plan.columns.items():
            told = column.get(name) if isinstance(column, Mapping) else None
            entries[name] = dict(told) if isinstance(told, Mapping) else {"from": entry.path}
        wanted = {name: entry for name, entry in entries.items() if entry}
        if wanted:
            lines.append(f"[source.{quoted(self._plan.name)}.column]")
        for key, given in wanted.items():
            text = toml(given["from"] if set(given) == {"from"} else given)
            lines.append(f"{quoted(key)} = {text}")
        return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """A value as TOML, on one line.

    Example:
        >>> toml({"a": ["x", 1], "b": True})
        '{ a = ["x", 1], b = true }'
    """
    if isinstance(value, Mapping):
        inner = ", ".join(f"{quoted(str(key))} = {toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return basic_string(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)  # dates and times


def _cells(values: Sequence[Any]) -> list[Any]:
    """The cells of a column: numbers where all of them are, also where they are written as text."""
    known = [None if value is ABSENT else value for value in values]
    texts = [value.strip() for value in known if isinstance(value, str)]
    numbers = [text for text in texts if text.lower() not in _EMPTY]
    if texts and all(map(_is_number, numbers)):
        known = [_number(value) if isinstance(value, str) else value for value in known]
    return known


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> float | None:
    return None if text.strip().lower() in _EMPTY else float(text)
