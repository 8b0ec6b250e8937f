"""Records over HTTP while the worker is killed and the broker restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness import chaos_push

RECORDS, KILLS, RESTARTS = 800, 1, 1


@pytest.fixture
def own_kafka(kafka_is_here: None, tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker that may be killed."""
    with EmbeddedKafka(tmp_path / "kafka", options=("-XX:TieredStopAtLevel=1",)) as broker:
        yield broker


@pytest.mark.slow
async def test_nothing_is_lost_and_nothing_is_another_record(
    own_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    found = await chaos_push.run(
        own_kafka, topic_prefix, tmp_path / "s", records=RECORDS, kills=KILLS, restarts=RESTARTS
    )
    wrong = {name: found[name] for name in ("lost", "lost letters", "strange") if found[name]}
    assert not wrong, found
    assert found["in order"], found
    assert found["unanswered requests"] > 0, "nothing was interrupted: the test shows nothing"
