"""Takes requests with records, and answers once Kafka has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from halflife.schemas.errors import LabFileError
from halflife.schemas.lab import Lab
from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.connectors.metrics import ConnectorMetrics
from halflife.streams.connectors.outlet import Written
from halflife.streams.connectors.record_maker import RecordMaker
from halflife.streams.watch.arrow import ARROW_TYPE

from .arrow_records import ArrowRecords
from .body import received
from .budget import Budget
from .cloud_events import binary_event, is_binary_event, structured_events
from .door import Door
from .gaps import INSTRUMENT, KEY_HEADER, Gaps
from .intake import Intake, Refused
from .judge import Judge, Judged
from .limits import Limits
from .plain_records import plain_records
from .shipper import Place, Shipper
from .source_records import SourceRecords
from .turned_away import TurnedAway

JSON: Final = "application/json"
LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
EVENT: Final = "application/cloudevents+json"
EVENTS: Final = "application/cloudevents-batch+json"
ARROW: Final = ARROW_TYPE.decode()
TYPES: Final = (JSON, "application/x-ndjson", ARROW, EVENT, EVENTS)
_RETRY_KAFKA: Final = 2
_LONGEST_TEXT: Final = 500  # of a refusal: ten thousand of them must not make a hundred megabytes


class Desk:
    """``POST /v1/records`` and ``POST /v1/sources/NAME``.

    Args:
        lab: Its streams and sources.
        topics: Names of the topics.
        door: Who may send.
        shipper: Writes to Kafka.
        budget: Of bytes in flight.
        limits: Of one request.
        metrics: Of all sources.
        clock: Seconds since 1970 in UTC.

    Attributes:
        sources: Those of the lab that send by themselves.
        faults: Why nothing can be made of what some of them send.
    """

    def __init__(
        self,
        lab: Lab,
        topics: TopicPlan,
        *,
        door: Door,
        shipper: Shipper,
        budget: Budget,
        limits: Limits,
        metrics: ConnectorMetrics,
        clock: Callable[[], float],
    ) -> None:
        self._topics = topics
        self._door = door
        self._shipper = shipper
        self._budget = budget
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._judge = Judge(lab.streams)
        self._arrow = ArrowRecords(lab.streams, limits)
        self.sources = {n: plan for n, plan in lab.sources.items() if plan.type == INSTRUMENT}
        self.faults: dict[str, str] = {}
        self._sources: dict[str, SourceRecords] = {}
        for name, plan in self.sources.items():
            try:
                maker = RecordMaker(plan, lab.streams[plan.stream_name], clock=clock)
            except (LabFileError, ValueError) as error:
                self.faults[name] = str(error)
            else:
                self._sources[name] = SourceRecords(plan, maker, limits)
        self._places = {
            stream: shipper.place(topics.records, stream.encode()) for stream in lab.streams
        }

    async def records(self, request: web.Request) -> web.Response:
        """Answers ``POST /v1/records``."""
        self._check(request)
        gaps = self._gaps(request)
        now = self._clock()
        async with received(request, self._limits, self._budget) as body:
            if request.content_type == ARROW:
                judged = self._arrow.judge(body, request.query.get("stream"), now=now)
            else:
                judged = await self._judge.judge(self._read(request, body, gaps), now=now)
            return await self._deliver(request, INSTRUMENT, judged)

    async def source(self, request: web.Request) -> web.Response:
        """Answers ``POST /v1/sources/NAME``."""
        self._check(request)
        name = request.match_info["name"]
        if name in self.faults:
            text = f"The lab file must be mended first: {self.faults[name]}"
            raise TurnedAway(503, "lab-file", text, retry_after=60)
        source = self._sources.get(name)
        if source is None:
            text = f'The lab file has no [source.{name[:64]}] with type = "http".'
            raise TurnedAway(404, "unknown-source", text)
        gaps = self._gaps(request)
        now = self._clock()
        by_line = request.content_type in LINES
        if not by_line and request.content_type != JSON:
            raise _wrong_type(request, (JSON, "application/x-ndjson"))
        async with received(request, self._limits, self._budget) as body:
            intake = await source.take(body, by_line=by_line, gaps=gaps, address=_address(request))
            return await self._deliver(request, name, await self._judge.judge(intake, now=now))

    def _check(self, request: web.Request) -> None:
        """Nothing, if it is worth while to read the body."""
        self._door.check(request)
        charset = request.charset
        if charset is not None and charset.lower().replace("-", "").strip('"') != "utf8":
            raise TurnedAway(415, "charset", "UTF-8 is due, and no other charset.")
        trouble = self._shipper.trouble
        if trouble is not None:
            raise _away(trouble)

    def _gaps(self, request: web.Request) -> Gaps:
        return Gaps.of(request.headers.get(KEY_HEADER), self._clock)

    def _read(self, request: web.Request, body: bytes, gaps: Gaps) -> Intake:
        kind, limits = request.content_type, self._limits
        if kind == JSON:
            if is_binary_event(request.headers):
                return binary_event(body, request.headers.items(), gaps=gaps, limits=limits)
            return plain_records(body, by_line=False, gaps=gaps, limits=limits)
        if kind in LINES:
            return plain_records(body, by_line=True, gaps=gaps, limits=limits)
        if kind in {EVENT, EVENTS}:
            return structured_events(body, many=kind == EVENTS, gaps=gaps, limits=limits)
        raise _wrong_type(request, TYPES)

    async def _deliver(self, request: web.Request, source: str, judged: Judged) -> web.Response:
        """Write what is right to the records, the rest to the dead letters; then answer."""
        waiting = [
            self._shipper.put(
                self._places[stream],
                [(stream.encode(), due.value, due.headers) for due in messages],
            )
            for stream, messages in judged.messages.items()
        ]
        address = _address(request)
        letters: dict[Place, list[Any]] = {}
        for refused in judged.refused:
            key, value, headers = self._letter(refused, source, address)
            place = self._shipper.place(self._topics.dead_letters, key)
            letters.setdefault(place, []).append((key, value, headers))
        waiting += [self._shipper.put(place, messages) for place, messages in letters.items()]
        done, pending = await asyncio.wait(waiting, timeout=self._limits.kafka_seconds)
        errors = [error for future in done if (error := future.exception()) is not None]
        if pending or errors:
            said = f"Kafka did not answer within {self._limits.kafka_seconds:g} s"
            raise _away(str(errors[0]) if errors else said, sent=True)
        reasons = [refused.error.reason for refused in judged.refused]
        self._metrics.written(source, Written(judged.accepted, reasons, [], judged.latest))
        body = {"accepted": judged.accepted, "refused": [_told(each) for each in judged.refused]}
        return web.Response(
            status=202 if judged.accepted else 422,
            body=orjson.dumps(body),
            content_type=JSON,
        )

    def _letter(self, refused: Refused, source: str, address: str) -> Any:
        letter = DeadLetter(
            reason=refused.error.reason,
            text=refused.error.text,
            path=refused.error.path,
            topic=self._topics.records if refused.is_record else "",
            partition=-1,
            offset=-1,
            key=None,
            value=refused.raw,
            source=source,
            address=f"{address}, record {refused.index}",
        )
        return letter.to_message()


def _told(refused: Refused) -> Mapping[str, Any]:
    error = refused.error
    return {
        "index": refused.index,
        "reason": error.reason,
        "path": error.path[:_LONGEST_TEXT],
        "text": error.text[:_LONGEST_TEXT],
    }


def _address(request: web.Request) -> str:
    return f"POST {request.path[:100]} from {request.remote or 'somewhere'}"


def _away(text: str, *, sent: bool = False) -> TurnedAway:
    more = " Some of it may get there yet: send the same again." if sent else " Send it again."
    return TurnedAway(503, "kafka-away", f"{text}.{more}", retry_after=_RETRY_KAFKA)


def _wrong_type(request: web.Request, allowed: tuple[str, ...]) -> TurnedAway:
    text = (
        f"Content-Type {request.content_type[:100]!r} is not known here; {', '.join(allowed)} are."
    )
    return TurnedAway(415, "content-type", text, headers={"Accept-Post": ", ".join(allowed)})
