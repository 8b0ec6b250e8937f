"""From the topic of alerts to a webhook: each alert, in order, until it is taken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from typing import Any, Final

import aiohttp
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from halflife.schemas.alert import Alert
from halflife.schemas.errors import MessageError
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.generator.closing import close
from halflife.streams.generator.trouble import Trouble
from halflife.streams.watch.reject import RawMessage

from .delivery import Delivery
from .metrics import WebhookMetrics

log = logging.getLogger(__name__)

_SESSION: Final = 15.0  # seconds without a heartbeat after which the group goes on without us
_LONGEST_SILENCE: Final = 3600.0  # seconds between two polls
_POLL: Final = 0.5
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_LONGEST_WISH: Final = 3600.0  # seconds for which a receiver may ask to be left alone
_BACK_OFF: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds after troubles with Kafka


class WebhookRelay:
    """Delivers what is in the topic of alerts, no more and no less.

    It is a consumer group of its own, and commits an offset once the receiver has said yes (2xx) or
    no for good. Between the two a kill can make one double, which has the same ``webhook-id``, the
    alert's. An alert that gets no answer is tried again for ever, and those behind it wait, so that
    none is overtaken. A group that is new begins with the alerts from ``began`` on.

    Args:
        settings: How Kafka is reached.
        delivery: Makes one attempt.
        metrics: Count the attempts.
        began: Seconds since 1970: what is older is not sent by a group that is new.
        first_pause: Seconds from a first failure to the next attempt; doubled with each, up to
            a minute, and cut by chance to between a half and all of it.
    """

    def __init__(
        self,
        settings: Settings,
        delivery: Delivery,
        metrics: WebhookMetrics,
        *,
        began: float,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._arguments = aiokafka_arguments(settings)
        self._topic = TopicPlan.with_prefix(settings.topic_prefix).alerts
        self._group = f"{settings.topic_prefix}-webhook"
        self._delivery = delivery
        self._metrics = metrics
        self._began = began
        self._first_pause = first_pause
        self._trouble = Trouble(log)
        self._stopping = asyncio.Event()
        self._known: set[TopicPartition] = set()

    def stop(self) -> None:
        """Ask `run` to end; an attempt that is under way is made again by the next."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until `stop`; a broker that is away is waited for."""
        troubles = 0
        while not self._stopping.is_set():
            try:
                async with aiohttp.ClientSession() as session:
                    await self._session(session)
                troubles = 0
                continue
            except (KafkaError, OSError) as error:
                self._trouble.say(f"webhook: trouble with Kafka, will go on: {error!r}")
            except Exception:
                log.exception("webhook: begins again where it stood")
            await self._rest(_BACK_OFF[min(troubles, len(_BACK_OFF) - 1)])
            troubles += 1

    async def _session(self, session: aiohttp.ClientSession) -> None:
        """Take part in the group until it is to stop, or something breaks."""
        consumer = AIOKafkaConsumer(
            self._topic,
            **self._arguments,
            group_id=self._group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(1000 * _SESSION),
            heartbeat_interval_ms=int(200 * _SESSION),
            max_poll_interval_ms=int(1000 * _LONGEST_SILENCE),
        )
        self._known.clear()
        try:
            await consumer.start()
            while not self._stopping.is_set():
                await self._turn(consumer, session)
        finally:
            await close(consumer)

    async def _turn(self, consumer: Any, session: aiohttp.ClientSession) -> None:
        """Deliver the next alert, if there is one."""
        self._known &= consumer.assignment()
        for place in consumer.assignment() - self._known:
            await self._begin(consumer, place)
        found = await consumer.getmany(timeout_ms=int(1000 * _POLL), max_records=1)
        for place, messages in found.items():
            for message in messages:
                if place not in self._known:
                    await self._begin(consumer, place)  # and read again from where it begins
                elif not await self._deliver(consumer, session, place, message):
                    return
                else:
                    await consumer.commit({place: message.offset + 1})

    async def _begin(self, consumer: Any, place: TopicPartition) -> None:
        """Where a partition begins: where the group stands, or at the first alert of our time."""
        offset = await consumer.committed(place)
        if offset is None:
            end = (await consumer.end_offsets([place]))[place]
            first = (await consumer.offsets_for_times({place: int(1000 * self._began)}))[place]
            offset = end if first is None else min(end, first.offset)
            await consumer.commit({place: offset})
        consumer.seek(place, offset)
        self._known.add(place)

    async def _deliver(
        self,
        consumer: Any,
        session: aiohttp.ClientSession,
        place: TopicPartition,
        message: RawMessage,
    ) -> bool:
        """Whether the receiver has said yes, or no for good; False if it is no longer ours."""
        try:
            alert = Alert.from_bytes(message.value or b"")
        except MessageError as error:
            log.warning("webhook: offset %d of %s is no alert: %s", message.offset, place, error)
            self._metrics.count("refused")
            return True
        pause = self._first_pause
        while True:
            answer = await self._delivery.attempt(session, alert)
            self._metrics.count(answer.outcome)
            what = f"{alert.stream}: {alert.kind} ({alert.status}, {alert.alert_id})"
            if answer.outcome == "refused":
                log.error("webhook: %s is refused and left out: %s", what, answer.text)
            if answer.outcome != "retried":
                return True
            self._trouble.say(f"webhook: {what} is not taken, will try again: {answer.text}")
            wished = min(answer.wait, _LONGEST_WISH)
            await self._rest(max(wished, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
            # A group drops who does not poll; what is paused gives no messages.
            consumer.pause(*consumer.assignment())
            await consumer.getmany(timeout_ms=0)
            consumer.resume(*consumer.paused())
            if self._stopping.is_set() or place not in consumer.assignment():
                return False

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
