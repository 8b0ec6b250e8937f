"""All connectors by the type that the lab file names: ours, and those of installed packages."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from halflife.schemas.errors import LabFileError
from halflife.schemas.near import did_you_mean
from halflife.schemas.problem import Problem
from halflife.schemas.sources.source_plan import SourcePlan

from .connector import Connector
from .errors import SourceRefused
from .surroundings import Surroundings

ENTRY_POINTS: Final = "halflife.connectors"
_HERE: Final = "halflife.streams.connectors"

CONNECTORS: Final[dict[str, tuple[str, str]]] = {
    "bluesky": (f"{_HERE}.bluesky.bluesky_connector:BlueskyConnector", "bluesky"),
    "epics": (f"{_HERE}.epics:EpicsConnector", "epics"),
    "files": (f"{_HERE}.files.files_connector:FilesConnector", ""),
    "kafka": (f"{_HERE}.kafka.kafka_connector:KafkaConnector", ""),
    "mqtt": (f"{_HERE}.mqtt.mqtt_connector:MqttConnector", "mqtt"),
    "opcua": (f"{_HERE}.opcua_connector:OpcuaConnector", "opcua"),
    "sila": (f"{_HERE}.sila:SilaConnector", "sila"),
    "sparkplug": (f"{_HERE}.sparkplug.sparkplug_connector:SparkplugConnector", "mqtt"),
}
"""Where the class of each type is, and the extra that brings its libraries; alphabetical."""

SERVED: Final = frozenset({"http"})
"""Types of sources that send by themselves: every connect worker takes what they send."""


def connector_names() -> list[str]:
    """All types of sources on this machine, in alphabetical order."""
    return sorted({*CONNECTORS, *SERVED, *_foreign()})


def make_connector(plan: SourcePlan, surroundings: Surroundings) -> Connector[Any]:
    """A new connector for a source.

    Raises:
        LabFileError: For a type that there is not, and for what the connector itself refuses.
        SourceRefused: If its library is not installed, with how to get it.
    """
    foreign = _foreign()
    if plan.type in SERVED:
        raise SourceRefused(
            f"it sends by itself, to POST /v1/sources/{plan.name} of halflife connect: there is "
            "nothing to read"
        )
    if plan.type in CONNECTORS:
        where, extra = CONNECTORS[plan.type]
        module, _, name = where.partition(":")
        try:
            kind: Any = getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("halflife"):
                raise
            raise SourceRefused(
                f"a source of type {plan.type!r} needs {error.name}: "
                f"pip install 'halflife[{extra}]'"
            ) from error
    elif plan.type in foreign:
        kind = foreign[plan.type].load()
        if not (isinstance(kind, type) and issubclass(kind, Connector)):
            raise SourceRefused(f"{foreign[plan.type].value} is no Connector")
    else:
        raise LabFileError([unknown_type(plan)])
    made: Connector[Any] = kind(plan, surroundings)
    return made


def unknown_type(plan: SourcePlan, source: str = "") -> Problem:
    """What is said of a type that nobody brings."""
    names = connector_names()
    return Problem(
        source=source,
        path=f"source.{plan.name}.type",
        text=f"is no type of source{did_you_mean(plan.type, names)}",
        value=repr(plan.type),
        allowed=", ".join(names),
    )


def _foreign() -> dict[str, EntryPoint]:
    """Connectors of installed packages; ours cannot be replaced."""
    return {
        one.name: one
        for one in entry_points(group=ENTRY_POINTS)
        if one.name not in {*CONNECTORS, *SERVED}
    }
