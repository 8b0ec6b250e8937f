"""Documents of a real RunEngine with simulated devices, published by bluesky-kafka."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness import bluesky_lab
from tests.harness.chaos_bluesky import run
from tests.harness.service import wait_until

from .conftest import Serve

RECORDS = 800
KILLS = 1
RESTARTS = 1

LAB = """
[stream.sim]
[stream.sim.column]
motor = {{ role = "set-point" }}
det = {{ role = "measured" }}
t = {{ role = "measured", unit = "K" }}
lot = {{ role = "context", kind = "category" }}
peak = {{ role = "measured" }}
counts = {{ role = "measured" }}
{columns}
[source.sim]
type = "bluesky"
topic = "{topic}"
{keys}
[source.sim.column]
lot = "start.sample.lot"
peak = "spectrum.1"
"""


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_prefix: str) -> str:
    name = f"sim-{topic_prefix}.bluesky.runengine.documents"
    with KafkaAdminClient(bootstrap_servers=kafka.address) as admin:
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([name])
    return name


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def lab(topic: str, keys: str = "", columns: str = "") -> str:
    return LAB.format(topic=topic, keys=keys, columns=columns)


def test_each_event_of_each_kind_of_plan_is_a_record(
    serve: Serve, topic: str, ledger: Path, kafka: EmbeddedKafka
) -> None:
    service, written = serve(lab(topic, 'recipe_from = "start.plan_name"'))
    service.start("connect", "one")
    for plan in ("scan", "adaptive", "arrays", "fails", "abort", "stored"):
        bluesky_lab.publish(kafka.address, topic, ledger, plan)
    due = {event["uid"]: event for event in bluesky_lab.events(ledger)}
    found = {record["record_id"]: record for record in written.wait_for_records(len(due))}
    assert set(found) == set(due)
    assert set(written.ids().values()) == {1}
    assert written.letters() == []
    for uid, record in found.items():
        said = due[uid]["data"]
        values = record["values"]
        for name in ("motor", "det", "counts"):
            assert values.get(name) == said.get(name)
        if "t" in said:
            assert values["t"] == pytest.approx(said["t"] + 273.15)
            assert (values["lot"], record["recipe"]) == ("A7", "scan")
        if "counts" in said:
            assert (values["peak"], values["counts"]) == (1.0, 7)
        assert record["instrument"] == "sim"
    recipes = [record["recipe"] for record in found.values()]
    assert recipes.count("count") >= 5 + 5 + 3
    assert recipes.count("adaptive_scan") >= 3
    assert recipes.count("_fails") == 5


def test_other_event_streams(serve: Serve, topic: str, ledger: Path, kafka: EmbeddedKafka) -> None:
    columns = 'motor2 = { role = "context" }'
    service, written = serve(lab(topic, 'event_stream = "baseline"', columns))
    service.start("connect", "one")
    for plan in ("scan", "fly"):
        bluesky_lab.publish(kafka.address, topic, ledger, plan)
    due = {event["uid"] for event in bluesky_lab.events(ledger, "baseline")}
    assert len(due) == 4
    written.wait_for_records(4)
    assert set(written.ids()) == due


def test_a_flyer_comes_in_pages(
    serve: Serve, topic: str, ledger: Path, kafka: EmbeddedKafka
) -> None:
    service, written = serve(lab(topic, 'event_stream = "flyer1"'))
    service.start("connect", "one")
    bluesky_lab.publish(kafka.address, topic, ledger, "fly")
    due = {event["uid"]: event["data"] for event in bluesky_lab.events(ledger, "flyer1")}
    assert len(due) == 20
    for record in written.wait_for_records(20):
        said = due.pop(record["record_id"])
        assert record["values"] == {"motor": said["motor"], "det": said["det"]}
    assert due == {}


def test_a_killed_engine_loses_no_event_and_a_killed_reader_knows_the_run_again(
    serve: Serve, topic: str, ledger: Path, kafka: EmbeddedKafka
) -> None:
    service, written = serve(lab(topic))
    engine = bluesky_lab.start(kafka.address, topic, ledger, "count", 100_000)
    try:
        worker = service.start("connect", "one")
        written.wait_for_records(5)
        worker.kill()
        seen = len(bluesky_lab.events(ledger))
        wait_until(
            lambda: len(bluesky_lab.events(ledger)) > seen + 20, 60, lambda: "no more events"
        )
        service.start("connect", "one")
        written.wait_for_records(seen + 20)
    finally:
        engine.kill()
        engine.wait()
    bluesky_lab.publish(kafka.address, topic, ledger, "scan")
    scan = {event["uid"] for event in bluesky_lab.events(ledger)[-5:]}
    written.wait_until(lambda: scan <= set(written.ids()))
    assert set(written.ids().values()) == {1}
    # The engine was killed between publishing an event and noting it, or not.
    noted = {event["uid"] for event in bluesky_lab.events(ledger)}
    assert len(set(written.ids()) - noted) <= 1
    assert written.letters() == []


@pytest.mark.slow
def test_killed_and_restarted_each_event_is_there_once(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    figures = run(kafka, topic_prefix, tmp_path, records=RECORDS, kills=KILLS, restarts=RESTARTS)
    print(figures)  # noqa: T201  # figures
    assert figures["lost"] == figures["doubled"] == figures["letters"] == 0
    assert figures["records"] == RECORDS
