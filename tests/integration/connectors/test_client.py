"""The client against the connect worker and a real Kafka, both of which are killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from halflife import Lab
from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness import chaos_client
from tests.harness.pushing import LAB, address_of

from .conftest import Serve

RECORDS, KILLS, RESTARTS = 800, 1, 1


@pytest.fixture
def own_kafka(kafka_is_here: None, tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker that may be killed."""
    with EmbeddedKafka(tmp_path / "kafka", options=("-XX:TieredStopAtLevel=1",)) as broker:
        yield broker


def test_three_lines_reach_kafka(serve: Serve, tmp_path: Path) -> None:
    service, written = serve(LAB)
    worker = service.start("connect", "one")
    with Lab(address_of(worker, 60), spool=tmp_path / "spool", longest_wait=0.2) as lab:
        lab.record("opv", x=0.5, y=True, kind="thf")
        lab.record("gas", p=-1)
        lab.record("none of the lab", p=1)
        assert lab.flush(60, sent=True), lab.status
        reasons = [(one.reason, one.path) for one in lab.refused()]
    (record,) = written.wait_for_records(1)
    assert record["values"] == {"x": 0.5, "y": 1, "kind": "thf"}
    assert reasons[0] == ("out-of-range", "values.p")
    assert len(reasons) == 2
    assert lab.status.lost == 0


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_another_record(
    own_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    found = chaos_client.run(
        own_kafka, topic_prefix, tmp_path / "s", records=RECORDS, kills=KILLS, restarts=RESTARTS
    )
    wrong = ("lost", "doubled", "strange", "lost letters")
    assert not {name: found[name] for name in wrong if found[name]}, found
    assert found["in order"], found
    assert found["refused rightly"], found
    assert found["status"]["lost"] == 0
