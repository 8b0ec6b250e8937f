"""MQTT against a real mosquitto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness import chaos_mqtt
from tests.harness.mosquitto import Mosquitto, make_certificates

from .conftest import Serve

SECRET = "OVEN_KEY"  # noqa: S105  # the name of a variable
STREAM = """
[stream.oven]
[stream.oven.column]
setpoint = { role = "set-point", unit = "degC" }
temp = { role = "measured", unit = "degC", max = 1000 }
x = { role = "measured" }
"""
SOURCE = """
[source.oven]
type = "mqtt"
host = "127.0.0.1"
port = {port}
topics = ["lab/{{instrument}}/run"]
{more}
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as started:
        yield started


def lab(broker: Mosquitto, more: str = "", topics: str = "lab/{instrument}/run") -> str:
    text = SOURCE.format(port=broker.port, more=more)
    return STREAM + text.replace("lab/{instrument}/run", topics)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_records_come_once_also_those_that_were_published_meanwhile(
    serve: Serve, broker: Mosquitto, version: str
) -> None:
    service, written = serve(lab(broker, f'version = "{version}"\ntime_from = "at"'))
    with broker.client() as oven:
        oven.send([("lab/a/run", '{"temp": 1, "at": 1790000000}')], retain=True)
        worker = service.start("connect", "one")
        worker.wait_for("is read from", 60)
        oven.send([("lab/a/run", '{"temp": 20.5, "at": "2026-11-22T10:00:00Z"}')])
        written.wait_for_records(1)
        worker.kill()
        # 3 and 4 look alike, and are two.
        texts = [f'{{"temp": {t}, "at": {1790000000 + t}}}' for t in (2, 3, 4)]
        oven.send([("lab/b/run", text) for text in texts])
        oven.send([("lab/b/run", texts[2])])
        service.start("connect", "one")
        written.wait_until(lambda: len(written.records()) >= 5)
        oven.send([("lab/c/run", "[{}, {}]".replace("{}", '{"x": 1, "at": 1790000099}'))])
        records = written.wait_for_records(6)
    assert [record["values"].get("temp") for record in records] == [20.5, 2, 3, 4, 4, None, None]
    assert records[0]["instrument"] == "a"
    assert records[0]["time"] == "2026-11-22T10:00:00Z"
    assert records[3]["record_id"] == records[4]["record_id"], "same content, same time: same"
    assert not [event for event in written.events() if event.kind == "gap"]


def test_without_a_time_equal_payloads_are_different_records(
    serve: Serve, broker: Mosquitto
) -> None:
    service, written = serve(lab(broker))
    service.start("connect", "one").wait_for("is read from", 60)
    with broker.client() as oven:
        oven.send([("lab/a/run", '{"temp": 20}')] * 3)
    written.wait_for_records(3)
    assert set(written.ids().values()) == {1}


def test_what_cannot_be_read_is_a_dead_letter_with_its_address(
    serve: Serve, broker: Mosquitto
) -> None:
    service, written = serve(lab(broker, "max_payload = 1000"))
    service.start("connect", "one").wait_for("is read from", 60)
    bad = {
        "json": b'{"temp": 1',
        "huge": b'{"temp": ' + b"1" * 2000 + b"}",
        "utf8": b"\xff\xfe",
        "deep": b"[" * 900,
        "none": b"",
        "text": b'{"temp": "warm"}',
        "hot": b'{"temp": 5000}',
        "other": b'{"colour": 1}',
    }
    with broker.client() as oven:
        oven.send([(f"lab/{name}/run", payload) for name, payload in bad.items()])
        oven.send([("lab/a/run", b'{"temp": 7}')])
    written.wait_for_records(1)
    letters = {letter.address: letter for letter in written.letters()}
    address = f"mqtt://127.0.0.1:{broker.port}/lab/{{}}/run"
    assert {name: letters[address.format(name)].reason for name in bad} == {
        "json": "broken-json",
        "huge": "too-large",
        "utf8": "wrong-type",
        "deep": "broken-json",
        "none": "empty",
        "text": "wrong-type",
        "hot": "out-of-range",
        "other": "no-columns",
    }
    assert letters[address.format("json")].value == bad["json"]


def test_values_that_come_alone_are_joined_by_a_trigger(serve: Serve, broker: Mosquitto) -> None:
    join = 'join = { trigger = "lab/{instrument}/done" }\nid_from = "run"'
    service, written = serve(lab(broker, join, topics="lab/{instrument}/+"))
    with broker.client() as oven:
        oven.send([("lab/a/setpoint", "100")], retain=True)
        worker = service.start("connect", "one")
        worker.wait_for("is read from", 60)
        oven.send([("lab/a/temp", "99.5"), ("lab/b/temp", "7"), ("lab/a/done", '{"run": "r1"}')])
        written.wait_for_records(1)
        oven.send([("lab/a/temp", "98.5")])
        worker.kill()
        oven.send([("lab/b/done", '{"run": "r2"}'), ("lab/a/done", '{"run": "r3"}')])
        service.start("connect", "one")
        records = {record["record_id"]: record for record in written.wait_for_records(3)}
    assert records["r1"]["values"] == {"setpoint": 100.0, "temp": 99.5}
    assert records["r2"]["values"] == {"temp": 7.0}
    assert records["r3"]["values"] == {"setpoint": 100.0, "temp": 98.5}
    assert {name: record["instrument"] for name, record in records.items()} == {
        "r1": "a",
        "r2": "b",
        "r3": "a",
    }


@pytest.mark.parametrize(
    "join", ['{ within = "30 s", names = ["temp", "x"] }', '{ key = "run", names = ["temp", "x"] }']
)
def test_values_that_belong_together_survive_a_kill(
    serve: Serve, broker: Mosquitto, join: str
) -> None:
    more = f'join = {join}\nvalue_from = "value"'
    service, written = serve(lab(broker, more, topics="lab/{instrument}/+"))
    worker = service.start("connect", "one")
    worker.wait_for("is read from", 60)
    with broker.client() as oven:
        for run in range(1, 6):
            oven.send([("lab/a/temp", json.dumps({"run": run, "value": 10 * run}))])
            if run == 3:
                worker.kill()
                worker = service.start("connect", "one")
            oven.send([("lab/a/x", json.dumps({"run": run, "value": run}))])
    records = written.wait_for_records(5)
    assert [record["values"] for record in records] == [
        {"temp": 10.0 * run, "x": float(run)} for run in range(1, 6)
    ]


def test_a_password_is_asked_for_and_found(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = ["user lab", "topic readwrite lab/#"]
    with Mosquitto(tmp_path / "m", password=("lab", "secret"), rules=rules) as broker:
        who = 'username = "lab"\npassword_env = "OVEN_KEY"'
        service, written = serve(lab(broker, who))
        service.start("connect", "one", **{SECRET: "wrong"})
        written.wait_until(lambda: any(e.kind == "refused" for e in written.events()))
        assert any("does not let us in" in event.text for event in written.events())
        service.workers[-1].kill()
        service.start("connect", "one", **{SECRET: "secret"}).wait_for("is read from", 60)
        with broker.client() as oven:
            oven.send([("lab/a/run", '{"temp": 1}')])
        written.wait_for_records(1)


def test_tls(serve: Serve, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    with Mosquitto(tmp_path / "m", certificates=certificates) as broker:
        service, written = serve(lab(broker, f'tls = true\nca_file = "{certificates}/ca.pem"'))
        service.start("connect", "one").wait_for("is read from mqtts://", 60)
        with broker.client() as oven:
            oven.send([("lab/a/run", '{"temp": 1}')])
        written.wait_for_records(1)


def test_a_broker_that_forgets_us_and_one_that_drops_are_gaps(
    serve: Serve, broker: Mosquitto
) -> None:
    service, written = serve(lab(broker))
    service.start("connect", "one").wait_for("is read from", 60)
    broker.stop()
    (broker.folder / "mosquitto.db").unlink()
    broker.start()
    written.wait_until(lambda: any(e.kind == "gap" for e in written.events()))
    (gap,) = [event for event in written.events() if event.kind == "gap"]
    assert "the broker has forgotten halflife-" in gap.text
    with broker.client() as oven:
        oven.send([("lab/a/run", '{"temp": 1}')])
        written.wait_for_records(1)


RECORDS, KILLS, RESTARTS = 800, 1, 1


@pytest.mark.slow
def test_killed_and_restarted_it_loses_and_doubles_nothing(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    figures = chaos_mqtt.run(
        kafka.address,
        topic_prefix,
        tmp_path,
        records=RECORDS,
        kills=KILLS,
        restarts=RESTARTS,
    )
    assert (figures["lost"], figures["doubled"], figures["doubled_ids"]) == (0, 0, 0)
    assert figures["gaps"] == []
