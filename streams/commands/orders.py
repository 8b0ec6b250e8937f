"""Orders to the workers, as commands write them."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from halflife.schemas.control import Command

if TYPE_CHECKING:
    from halflife.schemas.settings import Settings
    from halflife.streams.broker.topics import TopicPlan


def new_order(stream: str, action: str, *, by: str | None = None, **more: Any) -> Command:
    """An order of now, with an identity of its own.

    Args:
        stream: That is meant.
        action: What is to be done.
        by: Who orders it; whoever is logged in, if left out.
        **more: Fields of the order.

    Raises:
        MessageError: For an order that makes no sense, with its field.
    """
    given = {"command_id": uuid4().hex, "stream": stream, "action": action}
    time = datetime.now(UTC).isoformat()
    who = _logged_in() if by is None else by
    return Command.checked({**given, "by": who[:100], "time": time, **more})


def publish(settings: Settings, topics: TopicPlan, order: Command) -> None:
    """Writes an order to the topic of control.

    Raises:
        BrokerError: If the broker does not take it.
    """
    from kafka import KafkaProducer
    from kafka.errors import KafkaError

    from halflife.streams.broker.broker_error import BrokerError
    from halflife.streams.broker.clients import kafka_python_arguments

    producer = KafkaProducer(**kafka_python_arguments(settings), acks="all")
    try:
        key, value = order.stream.encode(), order.to_bytes()
        producer.send(topics.control, key=key, value=value).get(timeout=30)
    except KafkaError as error:
        raise BrokerError(f"could not write to {topics.control}: {error}") from error
    finally:
        producer.close(timeout=10)


def _logged_in() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this user, as in a container
        return ""
