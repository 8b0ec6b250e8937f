"""Documents of Bluesky: each event of one event stream is a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.bluesky_source import BlueskySource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Position
from halflife.streams.connectors.kafka.message import Message
from halflife.streams.connectors.kafka.topic_connector import TopicConnector
from halflife.streams.connectors.kafka.topic_reader import TopicReader
from halflife.streams.connectors.surroundings import Surroundings

from .documents import read_document
from .event_values import EventValues
from .events import EVENTS, events_of
from .roles import roles_of
from .run_book import RunBook

_EXTERNAL: Final = frozenset({"resource", "datum", "datum_page", "stream_resource", "stream_datum"})
_INSTRUMENT: Final = ("instrument_name", "instrument", "beamline_id")
_LONGEST_NAME: Final = 200
_MOST_SAID: Final = 1000


class BlueskyConnector(TopicConnector[BlueskySource]):
    """Reads what a RunEngine publishes to Kafka.

    Names of columns are those of ``event.data``; what else is known of an event can be mapped as
    ``start.sample``, ``seq_num``, ``timestamps.motor``.

    The position holds where start and descriptors of open runs stand: after a restart they are
    read again, and the next event is understood as if nothing had happened.
    """

    look_back: ClassVar[int] = 2000

    def __init__(self, plan: BlueskySource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        self._book = RunBook()
        self._said: set[str] = set()
        self._known: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    def memory(self) -> Mapping[str, Any]:
        """Where the documents of the open runs stand."""
        return self._book.memory()

    async def prepare(self, reader: TopicReader, position: Position) -> None:
        """Read start and descriptors of the runs that were open."""
        runs: Mapping[str, Any] = position.get("runs", {})
        places = [(place[0], place[1], place[2]) for run in runs.values() for place in run]
        for message in await reader.messages_at(places):
            try:
                name, document = read_document(message.value or b"")
                if name in {"start", "descriptor"}:
                    self._take(name, document, message)
            except MessageError:
                continue  # the topic was made anew, and another message stands there
        gone = set(runs) - set(self._book.memory()["runs"])
        if gone:
            self._say_once(
                "gone",
                f"of {len(gone)} open runs the start is not in Kafka any more; their events go to "
                "the dead letters",
            )

    async def arrivals(self, message: Message) -> Sequence[Arrival]:
        """The records of the events in a message; other documents are remembered."""
        name, document = read_document(message.value or b"")
        if name in EVENTS:
            events = events_of(name, document)
            raw = message.value or b"" if name == "event" else b""
            found = [self._arrival(event, message, i, raw) for i, event in enumerate(events)]
            return [one for one in found if one is not None]
        if name in {"start", "descriptor", "stop"}:
            self._take(name, document, message)
        elif name in _EXTERNAL:
            self._say_once("external", "data that is kept outside of the documents is not read")
        return ()

    def _take(self, name: str, document: Mapping[str, Any], message: Message) -> None:
        place = (message.topic, message.partition, message.offset)
        size = len(message.value or b"")
        if name == "stop":
            self._book.stop(_text(document, "run_start"))
            return
        _text(document, "uid")
        if name == "start":
            self._book.start(document, place, size)
            return
        run = _text(document, "run_start")
        for key in ("data_keys", "hints", "object_keys"):
            if not isinstance(document.get(key, {}), Mapping):
                raise MessageError("wrong-type", key, "an object is due")
        if not self._book.describe(document, place, size) and not self.surroundings.dry_run:
            said = f"the start of run {run} has not been seen, or it has too many descriptors"
            raise MessageError("unknown-run", "run_start", said)

    def _arrival(
        self, event: Mapping[str, Any], message: Message, number: int, raw: bytes
    ) -> Arrival | None:
        """The record of an event; None if it is of another event stream.

        Raises:
            MessageError: If it cannot be understood.
        """
        uid = _text(event, "descriptor")
        known = self._book.find(uid)
        if known is None:
            if self.surroundings.dry_run:
                return None  # it began in the middle
            said = (
                f"no descriptor {uid} before it in the topic: the run began before this source "
                "did, or its documents lie in several partitions, without a key"
            )
            raise MessageError("unknown-run", "descriptor", said)
        start, descriptor = known
        if descriptor.get("name", "primary") != self.plan.event_stream:
            return None
        data = event.get("data")
        if not isinstance(data, Mapping):
            raise MessageError("missing-field", "data", "an event has an object of data")
        here = self._inside(descriptor, data, event.get("filled"))
        units, roles = self._of_descriptor(uid, start, descriptor)
        instrument = next((start[key] for key in _INSTRUMENT if start.get(key)), None)
        return Arrival(
            values=EventValues(
                here,
                start=start,
                data=here,
                seq_num=event.get("seq_num"),
                timestamps=event.get("timestamps"),
            ),
            address=f"{message.address}, event {number}" if not raw else message.address,
            record_id=_text(event, "uid"),
            time=_time(event.get("time")),
            raw=raw,
            units=units,
            instrument=instrument[:_LONGEST_NAME] if isinstance(instrument, str) else None,
            roles=roles,
        )

    def _inside(
        self, descriptor: Mapping[str, Any], data: Mapping[str, Any], filled: Any
    ) -> Mapping[str, Any]:
        """The data without names of what is kept elsewhere."""
        keys = descriptor.get("data_keys") or {}
        filled = filled if isinstance(filled, Mapping) else {}
        outside = [
            name
            for name in data
            if isinstance(keys.get(name), Mapping)
            and keys[name].get("external")
            and filled.get(name) is not True
        ]
        if not outside:
            return data
        self._say_once(
            "external", f"{', '.join(map(str, outside[:12]))}: kept elsewhere, and not read"
        )
        return {name: value for name, value in data.items() if name not in outside}

    def _of_descriptor(
        self, uid: str, start: Mapping[str, Any], descriptor: Mapping[str, Any]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Units and roles of the values."""
        if uid not in self._known:
            if len(self._known) >= _MOST_SAID:
                self._known.clear()
            keys = descriptor.get("data_keys") or {}
            units = {
                path: one["units"]
                for name, one in keys.items()
                if isinstance(one, Mapping) and isinstance(one.get("units"), str) and one["units"]
                for path in (str(name), f"data.{name}")
            }
            self._known[uid] = units, roles_of(start, descriptor)
        return self._known[uid]

    def _say_once(self, what: str, text: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self.surroundings.log.warning("source %s: %s", self.plan.name, text)


def _text(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    if not isinstance(found, str) or not found:
        raise MessageError("missing-field", key, "a text is due")
    return found


def _time(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        said = f"{str(seconds)[:60]!r} is no time in seconds since 1970"
        raise MessageError("bad-time", "time", said) from None
