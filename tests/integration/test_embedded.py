from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from halflife.schemas.settings import Settings
from halflife.streams.broker.access import open_admin
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import kafka_python_arguments
from halflife.streams.broker.embedded import EmbeddedKafka

QUICK_START = ("-XX:TieredStopAtLevel=1",)
BAD = {"log.retention.hours": "never"}


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def write(address: str, topic: str, value: bytes) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(**kafka_python_arguments(Settings(broker=address)), acks="all")
    producer.send(topic, value).get(timeout=30)
    producer.close()


def read(address: str, topic: str, count: int) -> list[bytes]:
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(**kafka_python_arguments(Settings(broker=address)))
    at = TopicPartition(topic, 0)
    consumer.assign([at])
    consumer.seek_to_beginning(at)
    values: list[bytes] = []
    deadline = time.monotonic() + 30
    while len(values) < count:
        assert time.monotonic() < deadline, f"only {len(values)} of {count} messages"
        values += [message.value for message in consumer.poll(500).get(at, [])]
    consumer.close()
    return values


@pytest.fixture
def own(kafka_is_here: None, tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker that a test may do to what it likes."""
    broker = EmbeddedKafka(tmp_path / "kafka", options=QUICK_START)
    yield broker
    broker.stop()


def test_data_and_address_survive_a_restart_and_a_kill(own: EmbeddedKafka) -> None:
    address = own.start()
    with open_admin(Settings(broker=address)) as admin:
        admin.create_topics({"t": {"num_partitions": 1}}, wait_for_metadata=True)
    write(address, "t", b"one")
    first = own.pid
    assert own.restart() == address
    assert own.pid != first
    write(address, "t", b"two")
    own.kill()
    assert own.pid is None
    assert own.start() == address
    write(address, "t", b"three")
    assert read(address, "t", 3) == [b"one", b"two", b"three"]


def test_it_listens_on_this_machine_alone_and_stops_clean(own: EmbeddedKafka) -> None:
    own.start()
    pid = own.pid
    assert pid is not None
    listening = [c for c in psutil.Process(pid).net_connections() if c.status == "LISTEN"]
    assert len(listening) == 2
    assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}
    own.stop()
    assert gone(pid)
    own.stop()  # twice is no error
    assert "ERROR" not in own.log.read_text()


def test_a_second_one_on_the_folder_is_refused_and_the_first_goes_on(own: EmbeddedKafka) -> None:
    address = own.start()
    with pytest.raises(BrokerError, match=f"another Halflife uses the Kafka in {own.folder}"):
        EmbeddedKafka(own.folder).start()
    with open_admin(Settings(broker=address)) as admin:
        assert admin.describe_cluster()["brokers"]


def test_ports_that_are_taken_meanwhile_are_replaced(own: EmbeddedKafka) -> None:
    own.start()
    own.stop()
    last = json.loads((own.folder / "ports.json").read_text())
    with socket.create_server(("127.0.0.1", last["PLAINTEXT"])):
        address = own.start()
        assert address != f"127.0.0.1:{last['PLAINTEXT']}"
        with open_admin(Settings(broker=address)) as admin:
            assert admin.list_topics() == []


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(
    kafka_is_here: None, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} of 127.0.0.1 is in use"):
            EmbeddedKafka(tmp_path, port=port).start()


def test_a_start_that_fails_shows_the_log(kafka_is_here: None, tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path, properties=BAD, options=QUICK_START)
    with pytest.raises(BrokerError, match=r"log\.retention\.hours"):
        broker.start()
    assert broker.pid is None
    fine = EmbeddedKafka(tmp_path, options=QUICK_START)  # the folder is not spoilt
    fine.start()
    fine.stop()
    bad = EmbeddedKafka(tmp_path, properties=BAD, options=QUICK_START)
    with pytest.raises(BrokerError, match=r"(?s)The last lines of .*log\.retention\.hours"):
        bad.start()
    assert bad.pid is None


def test_before_the_first_start_there_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="was never started"):
        _ = EmbeddedKafka(tmp_path).address


def test_java_does_not_outlive_a_killed_parent(kafka_is_here: None, tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from halflife.streams.broker.embedded import EmbeddedKafka\n"
        "kafka = EmbeddedKafka(Path(sys.argv[1]))\n"
        "kafka.start()\n"
        "print(kafka.pid, kafka.address, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "kafka")], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid, address = parent.stdout.readline().decode().split()
    keeper = psutil.Process(int(pid)).ppid()
    assert not gone(int(pid))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    until(lambda: gone(int(pid)) and gone(keeper))
    with EmbeddedKafka(
        tmp_path / "kafka", options=QUICK_START
    ) as again:  # and leaves the folder in order
        assert again.address == address
