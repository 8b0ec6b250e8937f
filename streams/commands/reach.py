"""Which Kafka the commands talk to: the cluster that is named, or the one that runs here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .options import read_settings

if TYPE_CHECKING:
    from halflife.schemas.settings import Settings
    from halflife.streams.broker.topics import TopicPlan

_NAME: Final = "broker-address"
_PATIENCE: Final = 5.0  # seconds; who waits here is a person


@contextmanager
def announced(data: Path, address: str) -> Iterator[None]:
    """While this lasts, other commands in the same folder find the embedded Kafka.

    Args:
        data: The data folder of the service.
        address: ``host:port`` of its Kafka.
    """
    file = data / _NAME
    file.write_text(address + "\n", encoding="utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()


def reach() -> tuple[Settings, TopicPlan]:
    """Settings that name a Kafka, and its topics.

    Raises:
        SettingsError: For environment variables that cannot be used.
        BrokerError: If no Kafka is named and none runs in this folder, if it does not answer, or
            has no topics of Halflife.
    """
    from halflife.streams.broker.access import open_admin
    from halflife.streams.broker.broker_error import BrokerError
    from halflife.streams.broker.topics import TopicPlan

    settings = read_settings()
    if settings.broker is None:
        file = settings.data / _NAME
        if not file.exists():
            raise BrokerError(
                f"no Kafka to talk to: HALFLIFE_BROKER names none, and no 'halflife up' runs "
                f"with the data folder {settings.data}"
            )
        address = file.read_text(encoding="utf-8").strip()
        settings = settings.model_copy(update={"broker": address})
    topics = TopicPlan.with_prefix(settings.topic_prefix)
    with open_admin(settings, seconds=_PATIENCE) as admin:
        there = set(admin.list_topics())
    for name in topics.names:
        if name not in there:
            # Said here, since the clients wait for a topic until their patience ends.
            raise BrokerError(
                f"no topic {name} at {settings.broker}: 'halflife up' or a worker makes it when "
                "it starts"
            )
    return settings, topics
