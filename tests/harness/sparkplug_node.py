"""An edge node of Sparkplug B with one device, as the specification wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from halflife.streams.connectors.sparkplug.codec import decode, message_class

from .mosquitto import Mosquitto, Publisher

DOUBLE, INT64, BOOLEAN, STRING = 10, 4, 11, 12
_FIELDS: Final = {
    DOUBLE: "double_value",
    INT64: "long_value",
    BOOLEAN: "boolean_value",
    STRING: "string_value",
}


def message(
    metrics: Mapping[str, tuple[int, Any]],
    *,
    seq: int | None,
    aliases: Mapping[str, int] | None = None,
    names: bool = True,
    units: Mapping[str, str] | None = None,
    time_ms: int | None = None,
    historical: bool = False,
) -> bytes:
    """Bytes of a message.

    Args:
        metrics: Type and value by name.
        seq: Its number.
        aliases: By name.
        names: Whether names are in it, or only aliases.
        units: By name.
        time_ms: Of all metrics; default now.
        historical: Whether they are told late.
    """
    now = int(1000 * time.time()) if time_ms is None else time_ms
    made = message_class()(timestamp=now)
    if seq is not None:
        made.seq = seq
    for name, (kind, value) in metrics.items():
        metric = made.metrics.add(timestamp=now, datatype=kind)
        if names:
            metric.name = name
        if aliases and name in aliases:
            metric.alias = aliases[name]
        if historical:
            metric.is_historical = True
        if value is None:
            metric.is_null = True
        else:
            setattr(metric, _FIELDS[kind], value % 2**64 if kind == INT64 else value)
        if units and name in units:
            metric.properties.keys.append("engUnit")
            metric.properties.values.add(type=STRING, string_value=units[name])
    raw: bytes = made.SerializeToString()
    return raw


class SparkplugNode:
    """Publishes births, data and deaths, and is born again when it is asked to.

    Args:
        broker: Where.
        values: What its device measures first: type and value by name.
        units: By name.
    """

    def __init__(
        self,
        broker: Mosquitto,
        values: Mapping[str, tuple[int, Any]],
        units: Mapping[str, str] | None = None,
        *,
        node: str = "edge",
        device: str = "oven",
    ) -> None:
        self.births = 0
        self._node, self._device = node, device
        self._values, self._units = dict(values), units
        self._aliases = {name: 100 + i for i, name in enumerate(values)}
        self._seq = 0
        self._lock = threading.Lock()
        self._client: Publisher = broker.client(client_id=f"node-{node}")
        self._client.will(self._topic("NDEATH", ""), self._death())

    def __enter__(self) -> SparkplugNode:
        self._client.__enter__()
        self._client.listen(f"spBv1.0/lab/NCMD/{self._node}", self._commanded)
        self.bear()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    def bear(self) -> None:
        """Births of the node and its device."""
        with self._lock:
            self.births += 1
            self._seq = -1
            control = {"bdSeq": (INT64, 7), "Node Control/Rebirth": (BOOLEAN, False)}
            self._send("NBIRTH", "", message(control, seq=self._number()))
            born = message(
                self._values, seq=self._number(), aliases=self._aliases, units=self._units
            )
            self._send("DBIRTH", self._device, born)

    def data(self, values: Mapping[str, Any], **more: Any) -> None:
        """Some values of the device, by alias."""
        with self._lock:
            told = {name: (self._values[name][0], value) for name, value in values.items()}
            if not more.get("historical"):
                self._values |= told
            raw = message(told, seq=self._number(), aliases=self._aliases, names=False, **more)
            self._send("DDATA", self._device, raw)

    def skip(self) -> None:
        """A message is lost on its way."""
        self._number()

    def device_dies(self) -> None:
        """The device is gone; the node stays."""
        with self._lock:
            self._send("DDEATH", self._device, message({}, seq=self._number()))

    def vanish(self) -> None:
        """Gone without a word: the broker publishes the death."""
        self._client.vanish()

    def _commanded(self, topic: str, payload: bytes) -> None:
        asked = any(m.name == "Node Control/Rebirth" for m in decode(payload, 10_000).metrics)
        if asked:
            threading.Thread(target=self.bear).start()  # paho's thread must not wait for itself

    def _death(self) -> bytes:
        return message({"bdSeq": (INT64, 7)}, seq=None)

    def _number(self) -> int:
        self._seq = (self._seq + 1) % 256
        return self._seq

    def _topic(self, kind: str, device: str) -> str:
        return f"spBv1.0/lab/{kind}/{self._node}" + (f"/{device}" if device else "")

    def _send(self, kind: str, device: str, raw: bytes) -> None:
        self._client.send([(self._topic(kind, device), raw)], qos=0)
