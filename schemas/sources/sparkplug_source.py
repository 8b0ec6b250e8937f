"""A source that speaks Sparkplug B."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .mqtt_broker import MqttBroker

Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^+/#\x00]+$")]


class SparkplugSource(MqttBroker):
    """Metrics of edge nodes and their devices.

    Example:
        >>> SparkplugSource(name="s", type="sparkplug", host="h", group="lab").filters
        ['spBv1.0/lab/#']
    """

    type: Literal["sparkplug"] = Field(description="How the source speaks.")
    group: Identifier = Field(examples=["lab"], description="Group of the edge nodes.")
    nodes: list[Identifier] = Field(
        default=[], max_length=100, description="Edge nodes; default: all of the group."
    )
    devices: list[Identifier] = Field(
        default=[],
        max_length=1000,
        description="Devices; default: all, and what edge nodes say of themselves.",
    )
    trigger: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        examples=["Run/Done"],
        description="Metric whose arrival makes a record; default: each message of data is one.",
    )
    rebirth: bool = Field(
        default=True,
        description="Whether edge nodes are asked for their birth (a command) when it is missing.",
    )
    host_id: Identifier | None = Field(
        default=None,
        description="Name under which we say that we are there (STATE), for nodes that wait for "
        "their primary host and keep meanwhile what they have.",
    )

    @property
    def filters(self) -> list[str]:
        """What is asked of the broker."""
        if not self.nodes:
            return [f"spBv1.0/{self.group}/#"]
        return [f"spBv1.0/{self.group}/+/{node}/#" for node in dict.fromkeys(self.nodes)]
