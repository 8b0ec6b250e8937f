"""From messages to records, refusals, and values that wait for others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.schemas.sources.mqtt_source import MqttSource
from halflife.schemas.sources.topic_template import TopicTemplate
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Item
from halflife.streams.connectors.joined import Joined
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.source_time import source_time, zone_of
from halflife.streams.watch.identity import identity

from .heard import Heard
from .joins import Joins
from .payload import read_payload, records_in

Fields = dict[str, Any]


class MqttRecords:
    """Makes items of messages, in order; what it must remember is its `state`.

    Args:
        plan: Of the source.
        state: Of a predecessor.
        now: Seconds since 1970.

    Raises:
        ValueError: For a time zone that there is not.

    Example:
        >>> plan = MqttSource(name="s", type="mqtt", host="h", topics=["lab/{instrument}/run"])
        >>> records = MqttRecords(plan, now=0.0)
        >>> heard = Heard("lab/hplc/run", b'{"t": 21.5}', 1, False, False, 1, 0.0)
        >>> (arrival,) = records.take(heard)
        >>> arrival.values, arrival.instrument, arrival.address
        ({'instrument': 'hplc', 't': 21.5}, 'hplc', 'mqtt://h/lab/hplc/run')
    """

    def __init__(
        self, plan: MqttSource, state: Mapping[str, Any] | None = None, *, now: float
    ) -> None:
        self._plan = plan
        self._zone = zone_of(plan.time_zone)
        self._templates = plan.templates
        self._trigger = plan.trigger
        self._joins = None if plan.join is None else Joins(plan.join)
        # Two lives of a source whose position was lost must not give one identity twice.
        self._life, self._count = int(1000 * now), 0
        if state is not None:
            self._life, self._count = state["life"], state["count"]
            if self._joins is not None:
                self._joins.restore(state["waiting"])

    def state(self) -> dict[str, Any]:
        """Plain data with which a successor goes on."""
        waiting = self._joins.state() if self._joins else []
        return {"life": self._life, "count": self._count, "waiting": waiting}

    @property
    def waits(self) -> bool:
        """Whether `flush` may have something to give later."""
        return self._joins is not None and self._joins.waits

    def take(self, heard: Heard) -> list[Item]:
        """What a message becomes; nothing if it is a value that waits, or of another's topic."""
        self._count += 1
        try:
            return self._taken(heard)
        except MessageError as error:
            return [Refusal(self._address(heard.topic), error, heard.payload)]

    def fill(self, heard: Heard) -> None:
        """An old message that the broker kept: a value for a trigger, if none came since."""
        found = self._parts(heard.topic)
        if self._joins is None or found is None or self._is_trigger(heard.topic):
            return
        try:
            payload = read_payload(heard.payload, self._plan.payload, self._plan.max_payload)
            name = found[0].rest(heard.topic)
            self._joins.fill(found[1], name, self._value(payload), heard.time)
        except MessageError:
            return  # it is no record, and nobody waits for it

    def flush(self, now: float) -> list[Item]:
        """Records whose time is over."""
        done = [] if self._joins is None else self._joins.flush(now)
        return [self._joined(fields, joined, "") for fields, joined in done]

    def _taken(self, heard: Heard) -> list[Item]:
        parts = self._trigger.parts(heard.topic) if self._trigger else None
        found = self._parts(heard.topic)
        if parts is None and found is None:
            return []
        payload = read_payload(heard.payload, self._plan.payload, self._plan.max_payload)
        if self._joins is None:
            return self._whole(heard, payload)
        time = self._time(payload, heard.time)
        if parts is not None:
            name = heard.topic.split("/")[-1]
            done = self._joins.trigger(parts, name, payload, time)
        else:
            assert found is not None  # noqa: S101  # or nothing was meant at all
            value, name = self._value(payload), found[0].rest(heard.topic)
            done = self._joins.put(
                found[1], name, value, time=time, now=heard.time, payload=payload
            )
        return [self._joined(fields, joined, heard.topic) for fields, joined in done]

    def _whole(self, heard: Heard, payload: Any) -> list[Item]:
        """A message that is a record, or several."""
        template, parts = self._parts(heard.topic) or (self._templates[0], {})
        records = records_in(payload, template.rest(heard.topic))
        # With a time of its own a record says by its content which one it is.
        what = () if self._plan.time_from else (self._life, self._count)
        name = identity(self._plan.name, heard.topic, heard.payload.hex(), *what)
        return [
            Arrival(
                values={**parts, **record},
                address=self._address(heard.topic),
                record_id=name if len(records) == 1 else f"{name}-{place}",
                time=datetime.fromtimestamp(heard.time, UTC),
                raw=heard.payload,
                instrument=parts.get("instrument"),
                recipe=parts.get("recipe"),
            )
            for place, record in enumerate(records)
        ]

    def _joined(self, fields: Fields, joined: Joined, topic: str) -> Item:
        if self._plan.time_from is not None:
            fields = {**fields, self._plan.time_from: joined.moment.isoformat()}
        shown = repr(sorted(fields.items(), key=lambda item: item[0]))
        self._count += 1
        name = identity(
            self._plan.name, shown, repr(joined.time), str(self._life), str(self._count)
        )
        instrument, recipe = fields.get("instrument"), fields.get("recipe")
        return Arrival(
            values=fields,
            address=self._address(topic or self._plan.topics[0]),
            record_id=name,
            time=joined.moment,
            instrument=instrument if isinstance(instrument, str) else None,
            recipe=recipe if isinstance(recipe, str) else None,
        )

    def _value(self, payload: Any) -> Any:
        path = self._plan.value_from
        if path is None or not isinstance(payload, dict):
            return payload
        found = value_at(payload, path)
        if found is ABSENT:
            raise MessageError("missing-field", path, "the value is not there")
        return found

    def _time(self, payload: Any, arrived: float) -> float:
        """Of a value that is joined: as its payload says, else when it arrived."""
        path = self._plan.time_from
        found = ABSENT if path is None or not isinstance(payload, dict) else value_at(payload, path)
        if found is ABSENT or found is None or path is None:
            return arrived
        return source_time(found, self._zone, path).timestamp()

    def _parts(self, topic: str) -> tuple[TopicTemplate, dict[str, str]] | None:
        for template in self._templates:
            found = template.parts(topic)
            if found is not None:
                return template, found
        return None

    def _is_trigger(self, topic: str) -> bool:
        return self._trigger is not None and self._trigger.parts(topic) is not None

    def _address(self, topic: str) -> str:
        return f"{self._plan.address}/{topic}"
