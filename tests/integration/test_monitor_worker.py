"""The monitor worker as a real process on a real Kafka."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from halflife.schemas.control import Command
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.watch.identity import identity
from tests.harness.ledger import Ledger
from tests.harness.ports import free_port
from tests.harness.records import (
    ARROW_HEADERS,
    BEGIN,
    LAB,
    PARTITIONS,
    STREAMS,
    Sent,
    arrow_message,
    json_record,
    partition_of,
    rows_of,
    script,
)
from tests.harness.service import Service, Worker, wait_until
from tests.harness.trial import GOES_ON
from tests.harness.verdict import problems_of

START = 60.0
WORK = 120.0
STILL_WARMING = LAB.replace("reference = 120", "reference = 90000")
"""No stream comes to the end of its reference: nothing but counting."""

Make = Callable[..., Service]


@pytest.fixture
def make(kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Make]:
    made: list[Service] = []

    def service(lab: str = STILL_WARMING, **more: str) -> Service:
        made.append(Service(kafka.address, topic_prefix, tmp_path, lab, more=more))
        return made[-1]

    yield service
    for one in made:
        one.end()


def started(service: Service, name: str = "one", **more: str) -> Worker:
    worker = service.start("monitor", name, **more)
    worker.wait_for(GOES_ON, START)
    return worker


def send(service: Service, messages: list[Sent]) -> None:
    sender = service.producer()
    sender.send(messages)
    sender.close()


def settled(service: Service, seconds: float = WORK) -> Ledger:
    """All that was written, once all records are taken."""

    def logs() -> str:
        return "\n".join(f"{w.name}:\n{w.said[-3000:]}" for w in service.workers)

    wait_until(lambda: Ledger.glance(service).settled, seconds, logs, every=0.5)
    return Ledger.read(service)


def get(port: int, page: str) -> tuple[int, str]:
    """Status and text of a page; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def held(port: int) -> set[int]:
    """The partitions that a worker holds and has restored."""
    _, text = get(port, "/ready")
    partitions = json.loads(text)["partitions"] if text else {}
    return {int(number) for number, part in partitions.items() if part["restored"]}


def test_records_are_counted_and_shown(make: Make) -> None:
    service, records, port = make(), script(3000, seed=1), free_port()
    send(service, records.messages)
    worker = service.start("monitor", "one", HALFLIFE_WEB_PORT=str(port))
    statuses: list[int] = []

    def ready() -> bool:
        statuses.append(get(port, "/ready")[0])
        return statuses[-1] == 200

    wait_until(ready, START, lambda: f"{statuses} {worker.said}")
    assert set(statuses) <= {0, 503, 200}
    ledger = settled(service)
    assert problems_of(records, ledger) == []

    families = {f.name: f for f in text_string_to_metric_families(get(port, "/metrics")[1])}
    assert families.keys() >= METRICS
    counted = {
        (sample.labels["stream"], sample.labels["outcome"]): sample.value
        for sample in families["halflife_records"].samples
        if sample.name.endswith("_total")
    }
    for stream in STREAMS:
        assert counted[stream, "accepted"] == records.accepted[stream]
        assert counted.get((stream, "repeated"), 0) == records.repeated[stream]
    dead = {
        sample.labels["reason"]: sample.value
        for sample in families["halflife_dead_letters"].samples
        if sample.name.endswith("_total")
    }
    assert dead == dict(records.rejected)
    state = json.loads(get(port, "/state")[1])
    assert {n: s["records"] for n, s in state["streams"].items()} == dict(records.accepted)

    began = time.monotonic()
    assert worker.terminate() == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in worker.said


METRICS = {
    f"halflife_{name}"
    for name in (
        "records", "drift_statistic", "drift_alarms", "fidelity_ratio", "fidelity_noise_ratio",
        "retained_ratio", "half_life_records", "expiry_timestamp_seconds",
        "batch_created_timestamp_seconds", "utility_gap_ratio", "input_lag_records",
        "input_watermark_timestamp_seconds", "worker_progress_timestamp_seconds", "dead_letters",
    )
}  # fmt: skip
"""Section 9 of the design, without what the generator worker tells."""


def spoilt(**changes: Any) -> bytes:
    return json.dumps(json_record("lab-a", next(rows_of("lab-a"))) | changes).encode()


def cells(**values: Any) -> bytes:
    return spoilt(values={"a": 0.5, "b": 0.5, "y": 1.0} | values)


def arrow(**columns: Any) -> bytes:
    return arrow_message("lab-a", [next(rows_of("lab-a"))], **columns).value


BAD_JSON: list[tuple[bytes | None, str, str]] = [
    (None, "empty", ""),
    (spoilt()[:-5], "broken-json", ""),
    (b"[1, 2]", "not-an-object", ""),
    (spoilt().replace(b"robot", b"rob\xff"), "not-utf-8", ""),
    (spoilt(stream="lab-z"), "unknown-stream", "stream"),
    (spoilt(stream=7), "wrong-type", "stream"),
    (spoilt(colour="red"), "unknown-field", "colour"),
    (cells(z=1.0), "unknown-column", "values.z"),
    (cells(y="high"), "wrong-type", "values.y"),
    (cells(y=True), "wrong-type", "values.y"),
    (cells(y=1).replace(b'"y": 1', b'"y": 1e999'), "not-finite", "values.y"),
    (cells(a=1.5), "out-of-range", "values.a"),
    (spoilt(time="2026-03-01T08:00:00"), "time-without-zone", "time"),
    (spoilt(time="yesterday"), "bad-time", "time"),
    (spoilt(time="2126-03-01T08:00:00Z"), "time-in-future", "time"),
    (spoilt(instrument="x" * 1_200_000), "too-large", ""),
    (spoilt(instrument="x" * 10_000_000), "too-large", ""),
]
BAD_ARROW: list[tuple[bytes | None, str, str]] = [
    (b"no arrow", "broken-arrow", ""),
    (arrow(z=pa.array([1.0])), "unknown-column", "z"),
    (arrow(y=pa.array(["high"])), "wrong-type", "y"),
    (arrow(a=pa.array([1.5])), "out-of-range", "row 0.values.a"),
    (arrow(time=pa.array([BEGIN.replace(tzinfo=None)])), "time-without-zone", "time"),
]


def test_each_bad_input_goes_to_the_dead_letters(make: Make) -> None:
    service = make()
    worker = started(service)
    # Ten megabytes of one letter pass the broker's limit when they are compressed.
    producer = KafkaProducer(
        bootstrap_servers=service.broker,
        max_request_size=20 << 20,
        compression_type="gzip",
    )
    for value, *_ in BAD_JSON:
        producer.send(service.topics.records, value=value, key=b"lab-a", partition=0)
    for value, *_ in BAD_ARROW:
        headers = list(ARROW_HEADERS)
        producer.send(
            service.topics.records, value=value, key=b"lab-a", partition=0, headers=headers
        )
    missing = cells(y=None), spoilt(record_id="r2", values={"a": 0.1})
    for value in missing:
        producer.send(service.topics.records, value=value, key=b"lab-a", partition=0)
    producer.flush()
    producer.close()
    ledger = settled(service)
    found = {(offset, reason, path) for _, offset, reason, path, _ in ledger.letters}
    cases = BAD_JSON + BAD_ARROW
    assert found == {(i, reason, path) for i, (_, reason, path) in enumerate(cases)}
    values = {offset: value for _, offset, _, _, value in ledger.letters}
    assert values[1] == BAD_JSON[1][0]
    # An absent or empty cell is a missing one, not a fault.
    state = ledger.streams["lab-a"]
    assert state["records"] == 2
    assert state["missing"] == {"a": 0, "b": 1, "y": 2}
    assert worker.process.poll() is None
    assert "Traceback" not in worker.said


def test_a_broker_that_goes_away_is_waited_for(kafka: EmbeddedKafka, make: Make) -> None:
    service, records = make(), script(3000, seed=2)
    worker = started(service)
    half = len(records.messages) // 2
    send(service, records.messages[:half])
    kafka.kill()
    kafka.start()
    send(service, records.messages[half:])
    assert problems_of(records, settled(service)) == []
    assert worker.terminate() == 0


def test_a_worker_ends_when_it_is_told_to_while_kafka_is_away(
    kafka: EmbeddedKafka, make: Make
) -> None:
    service, records = make(), script(1000, seed=8)
    worker = started(service)
    send(service, records.messages[:100])
    kafka.kill()
    try:
        began = time.monotonic()
        assert worker.terminate(30) == 0
        assert time.monotonic() - began < 10
    finally:
        kafka.start()
    send(service, records.messages[100:])
    started(service)
    assert problems_of(records, settled(service)) == []


def test_a_stream_that_stops_for_hours_goes_on(make: Make) -> None:
    service, port = make(), free_port()
    started(service, HALFLIFE_WEB_PORT=str(port))
    rows = [next(source) for source in [rows_of("lab-b")] for _ in range(200)]
    late = [(i, t if n < 100 else t + timedelta(hours=7), *r) for n, (i, t, *r) in enumerate(rows)]
    messages = [
        Sent(partition_of("lab-b"), b"lab-b", json.dumps(json_record("lab-b", row)).encode())
        for row in late
    ]
    send(service, messages)
    ledger = settled(service)
    assert ledger.streams["lab-b"]["records"] == 200
    assert ledger.streams["lab-b"]["watermark"] == late[-1][1].timestamp()
    assert ledger.counts["dead letter"] == 0


def test_workers_share_and_take_over(make: Make) -> None:
    service, records, ports = make(), script(4000, seed=4), (free_port(), free_port())
    third = len(records.messages) // 3
    started(service, "one", HALFLIFE_WEB_PORT=str(ports[0]))
    send(service, records.messages[:third])
    second = started(service, "two", HALFLIFE_WEB_PORT=str(ports[1]))
    everything = set(range(PARTITIONS))

    def shared() -> bool:
        mine, theirs = held(ports[0]), held(ports[1])
        return bool(mine and theirs) and mine | theirs == everything and not mine & theirs

    wait_until(shared, START, lambda: f"{held(ports[0])} {held(ports[1])}")
    send(service, records.messages[third : 2 * third])
    assert second.terminate() == 0
    wait_until(lambda: held(ports[0]) == everything, START, lambda: str(held(ports[0])))
    send(service, records.messages[2 * third :])
    assert problems_of(records, settled(service)) == []


@pytest.mark.slow
def test_a_worker_that_slept_through_its_replacement_writes_nothing_twice(make: Make) -> None:
    service, records = make(), script(6000, seed=5)
    third = len(records.messages) // 3
    sleeper = started(service, "sleeper")
    send(service, records.messages[:third])
    sleeper.process.send_signal(signal.SIGSTOP)
    send(service, records.messages[third : 2 * third])
    heir = started(service, "heir")  # once the group has given up the sleeper, after 15 s
    settled(service)
    sleeper.process.send_signal(signal.SIGCONT)
    send(service, records.messages[2 * third :])
    assert problems_of(records, settled(service)) == []
    sleeper.wait_for(r"(?s)given partitions.*given partitions", START)  # it is told, and goes on
    assert problems_of(records, settled(service)) == []
    assert [sleeper.terminate(), heir.terminate()] == [0, 0]


@pytest.mark.slow
def test_a_person_is_asked_after_a_drift(make: Make) -> None:
    service = make(LAB.replace("budget = 3", 'on_drift = "ask"\nbudget = 3'))
    service.start("generator", "generator")
    started(service)
    source = rows_of("lab-a", change=300)
    messages = [
        Sent(0, b"lab-a", json.dumps(json_record("lab-a", next(source))).encode())
        for _ in range(900)
    ]
    send(service, messages)
    ledger = settled(service)
    drifts = [a for a in ledger.found["alert"].values() if a["kind"] == "drift"]
    assert [(a["status"], "wait for approval" in a["text"]) for a in drifts] == [("firing", True)]
    state = ledger.streams["lab-a"]
    assert state["phase"] == "changed"
    held, champion = state["held"]["batch"], state["circulation"]["batch"]
    assert held["batch_id"] not in ledger.found["batch manifest"], "nobody takes it for approved"

    producer = KafkaProducer(bootstrap_servers=service.broker)
    order = Command(
        command_id=identity("order", 1), stream="lab-a", action="approve", by="ann",
        reason="a new solvent", time=datetime.now(UTC),
    )  # fmt: skip
    producer.send(service.topics.control, value=order.to_bytes(), key=b"lab-a", partition=0)
    producer.flush()
    producer.close()

    def decided() -> list[dict[str, Any]]:
        return list(Ledger.read(service).found["decision"].values())

    (decision,) = wait_until(decided, WORK, lambda: service.workers[1].said, every=0.5)
    assert (decision["outcome"], decision["by"]) == ("done", "ann")
    ledger = Ledger.read(service)
    assert held["batch_id"] in ledger.found["batch manifest"]
    assert ledger.streams["lab-a"]["circulation"]["batch"]["batch_id"] == held["batch_id"]
    assert held["supersedes"] == champion["batch_id"]


def test_a_stream_goes_on_without_a_generator_worker(make: Make) -> None:
    service = make(LAB, HALFLIFE_WAIT_SECONDS="1")
    worker = started(service)
    source = rows_of("lab-b")
    messages = [
        Sent(1, b"lab-b", json.dumps(json_record("lab-b", next(source))).encode())
        for _ in range(400)
    ]
    send(service, messages)
    wait_until(
        lambda: Ledger.glance(service).streams.get("lab-b", {}).get("records") == 400,
        WORK,
        lambda: worker.said,
        every=0.5,
    )
    silent = [
        a for a in Ledger.read(service).found["alert"].values() if a["kind"] == "generator-silent"
    ]
    assert [a["status"] for a in silent] == ["firing"]
    assert silent[0]["record"] == 144  # the request at 120 records, and a grace of 25


def test_words_for_the_log(make: Make) -> None:
    """One sentence for each thing that an operator wants to know."""
    service = make(LAB.replace("min_rows = 80", "min_rows = 120"))
    service.start("generator", "generator")
    worker = started(service)
    source = rows_of("lab-a", change=300)
    messages = [
        Sent(0, b"lab-a", json.dumps(json_record("lab-a", next(source))).encode())
        for _ in range(600)
    ]
    send(service, messages)
    settled(service)
    for words in (
        "given partitions: 0, 1, 2, 3",
        "partition 0: begins, no snapshot yet; goes on at offset 0",
        "lab-a: drift is watched from a reference of 120 records on",
        "lab-a: asks for a batch: ",
        "lab-a: batch .* circulates",
        "lab-a: drift fires: ",
    ):
        worker.wait_for(words, WORK)
