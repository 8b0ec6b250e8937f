"""The types of sources that the lab file knows, and reading its ``[source.NAME]`` tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from halflife.schemas.message import StreamName
from halflife.schemas.near import did_you_mean
from halflife.schemas.translated import Found, shown, translated

from .bluesky_source import BlueskySource
from .epics_source import EpicsSource
from .files_source import FilesSource
from .http_source import HttpSource
from .kafka_source import KafkaSource
from .mqtt_source import MqttSource
from .opcua_source import OpcuaSource
from .other_source import OtherSource
from .sila_source import SilaSource
from .source_plan import SourcePlan
from .sparkplug_source import SparkplugSource

SOURCES: Final[dict[str, type[SourcePlan]]] = {
    "bluesky": BlueskySource,
    "epics": EpicsSource,
    "files": FilesSource,
    "http": HttpSource,
    "kafka": KafkaSource,
    "mqtt": MqttSource,
    "opcua": OpcuaSource,
    "sila": SilaSource,
    "sparkplug": SparkplugSource,
}
"""The model of each type, in alphabetical order; other types come from installed packages."""

_NAME: Final = TypeAdapter(StreamName)


def plan_type(kind: object) -> type[SourcePlan]:
    """The model for sources of a type."""
    return SOURCES.get(kind, OtherSource) if isinstance(kind, str) else SourcePlan


def read_sources(
    data: Mapping[str, Any], streams: Mapping[str, Any] | None
) -> tuple[dict[str, SourcePlan], list[Found]]:
    """The sources that a lab file declares, and what is wrong with them.

    Args:
        data: The whole file.
        streams: What it declares as streams; None if a source may have a stream that is not there.
    """
    tables = data.get("source", {})
    if not isinstance(tables, Mapping):
        return {}, [(("source",), "has the wrong type", shown(tables), "a table, [source.NAME]")]
    plans: dict[str, SourcePlan] = {}
    problems: list[Found] = []
    for name, table in tables.items():
        place = ("source", name)
        plan, found = _read(name, table)
        problems += [((*place, *at), text, value, form) for at, text, value, form in found]
        if plan is None:
            continue
        plans[name] = plan
        if streams is not None and plan.stream_name not in streams:
            near = did_you_mean(plan.stream_name, list(streams))
            said = f"is no stream of this file{near}"
            at = (*place, "stream") if plan.stream else place
            problems.append((at, said, repr(plan.stream_name), ", ".join(streams)))
    return plans, problems


def _read(name: str, table: object) -> tuple[SourcePlan | None, list[Found]]:
    """One source, or what is wrong with it, by places within its table."""
    if not isinstance(table, Mapping):
        return None, [((), "has the wrong type", shown(table), f"a table, [source.{name}]")]
    try:
        _NAME.validate_python(name)
    except ValidationError:
        form = "lower-case letters, digits, '.', '_' and '-', at most 64"
        return None, [((), "is no name of a source", "", form)]
    model = plan_type(table.get("type"))
    if "name" in table:
        said = "unknown key; the name of a source stands in its header, [source.NAME]"
        return None, [(("name",), said, "", "")]
    try:
        return model.model_validate({**table, "name": name}), []
    except ValidationError as error:
        return None, list(translated(error, model.model_json_schema(by_alias=True)))
