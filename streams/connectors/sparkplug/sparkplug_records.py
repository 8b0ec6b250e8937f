"""From messages of Sparkplug B to records, gaps, and nodes that have to be asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.sparkplug_source import SparkplugSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Item
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.mqtt.heard import Heard
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.watch.identity import identity

from .codec import Payload, decode
from .edge import Edge, Said, birth_number

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
_MOST_NODES: Final = 1000


class _Place(NamedTuple):
    """What a topic says."""

    kind: str
    node: str
    device: str


class SparkplugRecords:
    """Follows the edge nodes of a group.

    Args:
        plan: Of the source.
        nodes: That are known to be there, and were not heard yet.
        lenient: Whether data is read of which there was no birth, as far as it has names: when
            nobody may be asked for one.
    """

    def __init__(
        self, plan: SparkplugSource, nodes: Iterable[str] = (), *, lenient: bool = False
    ) -> None:
        self._plan = plan
        self._lenient = lenient
        self._edges: dict[str, Edge] = {}
        self._last: dict[str, tuple[bytes, float]] = {}
        self._asked: dict[str, tuple[float, float]] = {}
        self._due = dict.fromkeys([*plan.nodes, *nodes])

    @property
    def nodes(self) -> list[str]:
        """All nodes that were heard."""
        return list(self._edges)

    def take(self, heard: Heard) -> list[Item]:
        """What a message becomes."""
        place = self._place(heard.topic)
        if place is None or heard.retain:
            return []
        if place.node not in self._edges and len(self._edges) >= _MOST_NODES:
            return []
        try:
            payload = decode(heard.payload, self._plan.max_payload)
        except MessageError as error:
            return [Refusal(self._address(heard), error, heard.payload)]
        before = self._last.get(place.node)
        if before is not None and before[0] == heard.digest and payload.seq is not None:
            return []  # sent twice, which QoS 1 allows
        edge = self._edges.setdefault(place.node, Edge())
        items = self._told(place, edge, payload, heard)
        self._last[place.node] = (heard.digest, heard.time)
        return items

    def ask(self, now: float) -> list[str]:
        """Nodes that have to be asked for their birth now; each after ever longer pauses."""
        if self._lenient:
            return []
        nodes = []
        for node in list(self._due):
            last, pause = self._asked.get(node, (-1e18, _FIRST_PAUSE))
            if now - last >= pause:
                nodes.append(node)
                longer = pause if last < 0 else min(2 * pause, _LONGEST_PAUSE)
                self._asked[node] = (now, longer)
        return nodes

    def _told(self, place: _Place, edge: Edge, payload: Payload, heard: Heard) -> list[Item]:
        node, device = place.node, place.device
        if place.kind == "NDEATH":
            number = birth_number(payload)
            if not edge.alive or (number is not None and number != edge.birth_number):
                return []  # of a connection before the last birth
            edge.dies("")
            return [self._gap(node, heard.time, f"edge node {node} is gone")]
        if place.kind == "NBIRTH":
            edge.born("", payload)
            self._due.pop(node, None)
            if node in self._asked:
                self._asked[node] = (self._asked[node][0], _FIRST_PAUSE)
            return []
        items: list[Item] = []
        if missing := edge.follows(payload.seq):
            edge.doubts()
            self._due[node] = None
            said = f"{missing} messages of edge node {node} are missing"
            items.append(self._gap(node, heard.time, said))
        if place.kind == "DBIRTH":
            edge.born(device, payload)
            if not edge.alive:
                self._due[node] = None
        elif place.kind == "DDEATH":
            if edge.knows(device):
                items.append(self._gap(node, heard.time, f"device {node}/{device} is gone"))
            edge.dies(device)
        else:
            items += self._data(place, edge, payload, heard)
        return items

    def _data(self, place: _Place, edge: Edge, payload: Payload, heard: Heard) -> list[Item]:
        node, device = place.node, place.device
        if not edge.knows(device) and not self._lenient:
            first_time = node not in self._due
            self._due[node] = None
            said = f"{node}/{device} sends data, and its birth was not heard"
            return [self._gap(node, heard.time, said)] if first_time else []
        if self._plan.devices and device not in self._plan.devices:
            return []
        what = () if payload.seq is not None else (heard.time,)
        name = identity(self._plan.name, heard.topic, heard.payload.hex(), *what)
        told = list(edge.told(device, payload))
        if edge.puzzled:
            self._due[node] = None
        trigger = self._plan.trigger
        return [
            self._arrival(said, place, heard, name if not number else f"{name}-{number}")
            for number, said in enumerate(told)
            if trigger is None or trigger in said.changed
        ]

    def _arrival(self, said: Said, place: _Place, heard: Heard, name: str) -> Arrival:
        node, device = place.node, place.device
        time = heard.time if said.time is None else said.time / 1000
        try:
            moment = datetime.fromtimestamp(time, UTC)
        except (OverflowError, OSError, ValueError):
            moment = datetime.fromtimestamp(heard.time, UTC)
        return Arrival(
            values={"group": self._plan.group, "node": node, "device": device, **said.values},
            address=self._address(heard),
            record_id=name,
            time=moment,
            raw=heard.payload,
            units=said.units,
            instrument=f"{node}/{device}" if device else node,
        )

    def _place(self, topic: str) -> _Place | None:
        """Whose message it is; None for one that is not meant."""
        levels = topic.split("/")
        kinds = {4: {"NBIRTH", "NDEATH", "NDATA"}, 5: {"DBIRTH", "DDEATH", "DDATA"}}
        if len(levels) not in kinds or levels[:2] != ["spBv1.0", self._plan.group]:
            return None
        kind, node, device = levels[2], levels[3], "/".join(levels[4:])
        if kind not in kinds[len(levels)] or (self._plan.nodes and node not in self._plan.nodes):
            return None
        return _Place(kind, node, device)

    def _gap(self, node: str, now: float, text: str) -> Gap:
        first = self._last.get(node, (b"", now))[1]
        return Gap(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(now, UTC), text)

    def _address(self, heard: Heard) -> str:
        return f"{self._plan.address}/{heard.topic}"
