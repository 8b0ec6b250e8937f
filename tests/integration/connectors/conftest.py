"""A service with a connect worker, for each connector's test against its real counterpart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.connecting import Written
from tests.harness.service import Service

Serve = Callable[..., tuple[Service, Written]]


@pytest.fixture
def serve(kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Serve]:
    """Makes a service of a lab file's text; what runs of it is killed at the end."""
    made: list[tuple[Service, Written]] = []

    def make(lab_text: str, **more: str) -> tuple[Service, Written]:
        service = Service(kafka.address, topic_prefix, tmp_path, lab_text, more=more)
        made.append((service, Written(service)))
        return made[-1]

    yield make
    for service, written in made:
        service.end()
        written.close()
