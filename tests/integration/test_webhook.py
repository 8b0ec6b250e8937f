"""What is in the topic of alerts reaches the webhook: all of it, in order, through kills."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry
from standardwebhooks.webhooks import Webhook

from halflife.schemas.alert import Alert
from halflife.schemas.settings import Settings
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics
from halflife.streams.watch.identity import identity
from halflife.streams.webhook.delivery import Delivery
from halflife.streams.webhook.metrics import WebhookMetrics
from halflife.streams.webhook.relay import WebhookRelay
from halflife.streams.webhook.signature import Signature
from tests.harness.hook import Hook, Post
from tests.harness.service import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # of the specification
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def alert(number: int) -> Alert:
    return Alert(
        alert_id=identity("alert", number), fingerprint=identity(number), stream="opv",
        kind="drift", severity="critical", status="firing", text=f"number {number}", evidence={},
        record=number, offset=number, time=BEGAN,
    )  # fmt: skip


def numbers(posts: list[Post]) -> list[int]:
    """What came, without the doubles that a kill may make, which have the same id."""
    found = {p.headers["webhook-id"]: json.loads(p.body)["data"]["record"] for p in posts}
    return list(found.values())


class Lab:
    """A topic of alerts with one partition, and relays that deliver from it."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self.settings = settings
        self.producer = producer
        self.topic = TopicPlan.with_prefix(settings.topic_prefix).alerts
        self.registry = CollectorRegistry()
        self.metrics = WebhookMetrics(self.registry)

    async def say(self, *alerts: int) -> None:
        async with self.producer.transaction():
            for number in alerts:
                await self.producer.send(self.topic, alert(number).to_bytes(), partition=0)

    @contextlib.asynccontextmanager
    async def relay(self, hook: Hook, *, began: float) -> AsyncIterator[WebhookRelay]:
        delivery = Delivery(hook.url, "json", Signature(SECRET), seconds=5)
        made = WebhookRelay(self.settings, delivery, self.metrics, began=began, first_pause=0.05)
        running = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            made.stop()
            await asyncio.wait_for(running, 20)

    def count(self, outcome: str) -> float:
        labels = {"outcome": outcome}
        return self.registry.get_sample_value("halflife_webhook_deliveries_total", labels) or 0


@pytest.fixture
async def lab(kafka: EmbeddedKafka, topic_prefix: str) -> AsyncIterator[Lab]:
    settings = Settings(broker=kafka.address, topic_prefix=topic_prefix)
    plan = TopicPlan.with_prefix(topic_prefix)
    await asyncio.to_thread(create_topics, settings, plan, partitions=1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id=topic_prefix)
    await producer.start()
    yield Lab(settings, producer)
    await producer.stop()


async def test_each_alert_comes_signed_and_in_order_through_kills_of_the_receiver(lab: Lab) -> None:
    began = time.time()
    with Hook() as hook:
        async with lab.relay(hook, began=began):
            await lab.say(0, 1, 2)
            await hook.until(3)
            hook.kill()
            await lab.say(3, 4)
            await asyncio.to_thread(
                wait_until, lambda: lab.count("retried"), 30, lambda: "nothing was tried again"
            )
            hook.answer = lambda _: 503 if len(hook.posts) % 2 else 200
            hook.start()
            posts = await hook.until(5)
        # Nobody delivers for a while; the next goes on where the group stands.
        await lab.say(5, 6)
        async with lab.relay(hook, began=time.time()):
            posts = await hook.until(7)
    assert [json.loads(post.body)["data"]["record"] for post in posts] == list(range(7))
    for post in hook.posts:
        said = Webhook(SECRET).verify(post.body, dict(post.headers))
        assert said["type"] == "halflife.alert.firing"
        assert post.headers["webhook-id"] == said["data"]["alert_id"]
    assert lab.count("delivered") == 7


async def test_a_kill_between_answer_and_commit_makes_a_double_that_can_be_told(lab: Lab) -> None:
    began = time.time()
    with Hook() as hook:
        await lab.say(0, 1)
        relay = WebhookRelay(
            lab.settings, Delivery(hook.url, "json", Signature(SECRET)), lab.metrics, began=began
        )
        killed = asyncio.Event()

        def kill_at_second(post: Post) -> int:
            if json.loads(post.body)["data"]["record"] == 1 and not killed.is_set():
                loop.call_soon_threadsafe(killed.set)
                loop.call_soon_threadsafe(running.cancel)  # before it has read the answer
                time.sleep(0.2)
            return 200

        loop = asyncio.get_running_loop()
        hook.answer = kill_at_second
        running = asyncio.create_task(relay.run())
        await killed.wait()
        await asyncio.wait({running})
        async with lab.relay(hook, began=began):
            posts = await hook.until(3)
    assert numbers(posts) == [0, 1]
    assert len(posts) == 3


async def test_a_new_group_begins_with_its_own_time_and_never_with_what_was_aborted(
    lab: Lab,
) -> None:
    await lab.say(0, 1)
    await asyncio.sleep(0.01)  # the clock of Kafka's times has milliseconds
    began = time.time()
    await asyncio.sleep(0.01)
    with contextlib.suppress(RuntimeError):
        async with lab.producer.transaction():
            await lab.producer.send(lab.topic, alert(2).to_bytes(), partition=0)
            await lab.producer.flush()
            raise RuntimeError("aborted")
    await lab.say(3)
    with Hook() as hook:
        async with lab.relay(hook, began=began):
            posts = await hook.until(1)
            await lab.say(4)
            posts = await hook.until(2)
    assert numbers(posts) == [3, 4]


async def test_what_is_refused_for_good_is_left_out_and_counted(lab: Lab) -> None:
    began = time.time()
    await lab.say(0)
    async with lab.producer.transaction():
        await lab.producer.send(lab.topic, b"no alert", partition=0)
    await lab.say(1, 2)
    with Hook(lambda post: 400 if b"number 1" in post.body else 200) as hook:
        async with lab.relay(hook, began=began):
            posts = await hook.until(2)
    assert numbers(posts) == [0, 2]
    assert (lab.count("delivered"), lab.count("refused"), lab.count("retried")) == (2, 2, 0)
