"""The live commands, as they are typed, against a real broker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from kafka import KafkaProducer

from halflife.schemas.messages import (
    Alert,
    Command,
    ExperimentRecord,
    FidelityReport,
    Message,
    RegenerationOutcome,
    RegenerationRequest,
    SyntheticBatch,
    Window,
)
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import kafka_python_arguments
from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics
from halflife.streams.commands.topic_reader import TopicReader, parsed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAB = """
[stream.gas]
reference = 200
min_rows = 160
rows = 100
tick = 40
grace = 10
generator = "trees"
target = "pressure"
[stream.gas.column]
temperature = { role = "set-point", unit = "K", min = 0 }
moles = { role = "set-point", kind = "integer", unit = "mol" }
pressure = { role = "measured", unit = "kPa" }
"""


class Terminal:
    """A folder with a lab file and a CSV, and a program that is called there."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HALFLIFE_")}
        cache = os.environ.get("HALFLIFE_CACHE")
        variables = {"HALFLIFE_WEB_PORT": "0", "HALFLIFE_GENERATOR_PORT": "0", **variables}
        self.environment = {
            **inherited,
            **({"HALFLIFE_CACHE": cache} if cache else {}),
            **variables,
        }
        (folder / "lab.toml").write_text(LAB)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "halflife.streams.commands.main", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )

    def say(self, *arguments: str, status: int = 0) -> str:
        """What a command prints; its exit status must be the one expected."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == status, printed
        return printed

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.say(*arguments, "--json", "-"))

    def write_rows(self, name: str, rows: int, seed: int, shift: float = 0.0) -> None:
        random = np.random.default_rng(seed)
        temperature, moles = random.uniform(280, 360, rows), random.integers(1, 5, rows)
        pressure = 0.083 * temperature * moles + random.normal(0, 1, rows) + shift
        lines = ["run,temperature,moles,pressure"]
        cells = zip(temperature.tolist(), moles.tolist(), pressure.tolist(), strict=True)
        lines += [f"{name}-{i},{t!r},{n},{p!r}" for i, (t, n, p) in enumerate(cells)]
        (self.folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


class Case(Terminal):
    """The same with topics of its own on the broker of the session."""

    def __init__(self, folder: Path, kafka: EmbeddedKafka, prefix: str) -> None:
        super().__init__(
            folder,
            {
                "HALFLIFE_BROKER": kafka.address,
                "HALFLIFE_TOPIC_PREFIX": prefix,
                "HALFLIFE_PARTITIONS": "2",
            },
        )
        self.settings = Settings(broker=kafka.address, topic_prefix=prefix)
        self.topics = TopicPlan.with_prefix(prefix)
        create_topics(self.settings, self.topics, partitions=2)

    def read(self, topic: str) -> list[Any]:
        with TopicReader(self.settings) as reader:
            return reader.newest(topic)

    def records(self) -> list[ExperimentRecord]:
        return parsed(ExperimentRecord, self.read(self.topics.records))

    def publish(self, *messages: Message) -> None:
        producer = KafkaProducer(**kafka_python_arguments(self.settings), acks="all")
        for message in messages:
            topic = f"{self.settings.topic_prefix}.{message.topic}"
            key = message.stream.encode()  # type: ignore[attr-defined]  # all that are sent here have one
            producer.send(topic, key=key, value=message.to_bytes()).get(timeout=30)
        producer.close()


@pytest.fixture
def case(tmp_path: Path, kafka: EmbeddedKafka, topic_prefix: str) -> Case:
    return Case(tmp_path, kafka, topic_prefix)


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def test_replay_sends_each_row_once_in_order(case: Case) -> None:
    case.write_rows("runs", 700, seed=0)
    said = case.say("replay", "runs.csv", "--stream", "gas", "--rate", "0", "--lab", "lab.toml",
                    "--instrument", "bench-1")  # fmt: skip
    assert "sent 700 of 700 records" in said
    records = case.records()
    assert [record.record_id for record in records] == [f"runs.csv:{i}" for i in range(700)]
    assert {record.instrument for record in records} == {"bench-1"}
    assert set(records[0].values) == {"temperature", "moles", "pressure"}
    lines = (case.folder / "runs.csv").read_text().splitlines()[1:]
    assert [str(record.values["pressure"]) for record in records] == [
        line.split(",")[3] for line in lines
    ]
    assert {(m.key, m.partition) for m in case.read(case.topics.records)} == {
        (b"gas", case.read(case.topics.records)[0].partition)
    }
    assert abs((datetime.now(UTC) - records[-1].time).total_seconds()) < 120


def test_replay_twice_is_the_same_records_unless_another_run_is_named(case: Case) -> None:
    case.write_rows("runs", 5, seed=0)
    common = ("replay", "runs.csv", "--stream", "gas", "--rate", "0")
    case.say(*common)
    case.say(*common)
    case.say(*common, "--run", "two")
    case.say(*common, "--id-column", "run")
    ids = [record.record_id for record in case.records()]
    files = [f"runs.csv:{i}" for i in range(5)]
    assert ids == [*files, *files, *(f"two:{i}" for i in files), *(f"runs-{i}" for i in range(5))]
    assert "run" in case.records()[0].values
    assert "run" not in case.records()[-1].values


def test_replay_at_given_times(case: Case) -> None:
    case.write_rows("runs", 3, seed=0)
    case.say("replay", "runs.csv", "--stream", "gas", "--rate", "0", "--start",
             "2026-01-01T00:00:00Z", "--every", "90")  # fmt: skip
    seconds = [(record.time - NOW).total_seconds() for record in case.records()]
    assert seconds == [0.0, 90.0, 180.0]


def test_replay_keeps_its_rate(case: Case) -> None:
    case.write_rows("runs", 61, seed=0)
    case.say("replay", "runs.csv", "--stream", "gas", "--rate", "50")
    times = [message.timestamp for message in case.read(case.topics.records)]
    # 60 steps of 20 ms; a record may wait for others up to the slice of 20 ms.
    assert times[-1] - times[0] >= 1100


def test_ctrl_c_ends_a_replay_and_says_how_many_went(case: Case) -> None:
    case.write_rows("runs", 5000, seed=0)
    process = case.start("replay", "runs.csv", "--stream", "gas", "--rate", "20")
    wait_for(case.records)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"stopped: sent {len(case.records())} of 5000 records" in said


def test_without_topics_it_is_said_who_makes_them(case: Case) -> None:
    case.write_rows("runs", 2, seed=0)
    case.environment["HALFLIFE_TOPIC_PREFIX"] = f"{case.settings.topic_prefix}-none"
    for arguments in (["replay", "runs.csv", "--stream", "gas"], ["status"]):
        said = case.say(*arguments, status=1)
        assert "no topic" in said
        assert "Traceback" not in said


def manifest(number: int, stream: str = "gas") -> SyntheticBatch:
    return SyntheticBatch(
        batch_id=f"{number:032x}", stream=stream, request_id="a" * 32, generator="trees",
        model_id="b" * 32, rows=100, seed=1, trained_on=84, gate={}, created=NOW, digest="c",
        window=Window(partition=0, first=3, last=122, count=120, digest="d"), plan="e",
        partition=0, first_offset=0, last_offset=99,
    )  # fmt: skip


def report(record: int, fidelity: float) -> FidelityReport:
    return FidelityReport(
        report_id=f"{record:032x}", stream="gas", batch_id=f"{2:032x}", record=record,
        offset=record, time=NOW, real_rows=60, fidelity=fidelity, parts={"columns": fidelity},
        bands={"columns": (0.9, 1.0)}, retained=fidelity, retained_interval=(0.5, 1.0),
        retained_part="columns", under_limit=False, age_records=record, age_hours=1.0,
        half_life_records=None, half_life_interval=(None, None), half_life_hours=None,
        expiry_records=None, expiry_hours=None, forecast="no decay", utility_gap=None,
        c2st_auc=None, tstr=None, trtr=None,
    )  # fmt: skip


def alert(fingerprint: str, status: str, text: str) -> Alert:
    return Alert.checked(
        {
            "alert_id": f"{hash((fingerprint, status)) % 2**60:032x}",
            "fingerprint": fingerprint * 32, "stream": "gas", "kind": "drift",
            "severity": "critical", "status": status, "text": text, "evidence": {}, "record": 7,
            "offset": 7, "time": NOW.isoformat(),
        }
    )  # fmt: skip


def test_status_of_nothing(case: Case) -> None:
    found = case.ask("status")
    assert found["streams"] == []
    assert found["dead_letters"]["count"] == 0
    assert "no stream has a batch" in case.say("status")


def test_status_and_batches_show_the_last_of_each(case: Case) -> None:
    case.publish(
        manifest(1), manifest(2), manifest(3, "air"), report(200, 0.97), report(240, 0.93),
        alert("1", "firing", "an old story"), alert("1", "resolved", "over"),
        alert("2", "firing", "the pressure is higher"),
    )  # fmt: skip
    found = case.ask("status")
    air, gas = found["streams"]
    assert (air["stream"], air["fidelity"], air["alerts"]) == ("air", None, [])
    assert gas["batch"]["batch_id"] == f"{2:032x}"
    assert gas["fidelity"]["record"] == 240
    assert [one["text"] for one in gas["alerts"]] == ["the pressure is higher"]
    said = case.say("status")
    assert "93%" in said
    assert "critical: gas: the pressure is higher" in said
    assert "an old story" not in said
    batches = case.ask("batches")
    assert [(b["batch_id"][-1], b["in_circulation"]) for b in batches] == [
        ("1", False), ("2", True), ("3", True),
    ]  # fmt: skip
    assert len(case.ask("batches", "gas")) == 2
    assert "in circulation" in case.say("batches", "air")
    assert "no synthetic batch yet for steam" in case.say("batches", "steam")


def test_regenerate_gives_its_order_to_the_worker(case: Case) -> None:
    said = case.say("regenerate", "gas", "--reason", "new lamp", "--no-wait")
    assert "asked for a new batch of gas" in said
    message = case.read(case.topics.control)[0]
    order = Command.from_bytes(message.value)
    assert (message.key, order.stream, order.action) == (b"gas", "gas", "regenerate")
    assert order.reason == "new lamp"


def test_regenerate_says_when_nobody_listens(case: Case) -> None:
    said = case.say("regenerate", "gas", "--timeout", "1", status=1)
    assert "no worker took up the order" in said


@pytest.mark.parametrize(("outcome", "status"), [("promoted", 0), ("rejected", 0), ("failed", 1)])
def test_regenerate_waits_for_its_own_outcome(case: Case, outcome: str, status: int) -> None:
    process = case.start("regenerate", "gas", "--timeout", "60")
    wait_for(lambda: case.read(case.topics.control))
    for stream, number in (("air", "1"), ("gas", "2")):
        request = RegenerationRequest(
            request_id=number * 32, stream=stream, cause="hand", record=200, offset=200, time=NOW,
            window=Window(partition=0, first=0, last=9, count=10, digest="d"), champion=None,
            seed=1, plan="e", text="asked for by hand",
        )  # fmt: skip
        answer = RegenerationOutcome.checked(
            {
                "request_id": number * 32, "stream": stream, "cause": "hand", "batch": None,
                "outcome": outcome, "verdict": None, "text": f"the verdict on {stream}",
                "attempts": 1, "seconds": 1.0, "created": NOW.isoformat(),
            }
        )  # fmt: skip
        case.publish(request, answer)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.splitlines()[-1] == f"{outcome}: the verdict on gas"


def test_dead_letters_are_listed_shown_and_sent_again(case: Case) -> None:
    producer = KafkaProducer(**kafka_python_arguments(case.settings), acks="all")
    for number, reason in enumerate(["wrong-type", "unknown-column", "wrong-type"]):
        letter = DeadLetter(
            reason=reason, text=f"'high\x1b[31m' is no number ({number})", path="values.pressure",
            topic=case.topics.records, partition=1, offset=number, key=b"gas",
            value=b'{"number": %d}' % number,
        )  # fmt: skip
        key, value, headers = letter.to_message()
        producer.send(
            case.topics.dead_letters, key=key, value=value, headers=headers, partition=0
        ).get(timeout=30)
    producer.close()
    assert [one["place"] for one in case.ask("dlq", "list")] == ["0:0", "0:1", "0:2"]
    assert len(case.ask("dlq", "list", "--reason", "wrong-type")) == 2
    assert case.ask("dlq", "list", "--stream", "air") == []
    listed, shown = case.say("dlq", "list"), case.say("dlq", "show", "0:1")
    assert "values.pressure" in listed
    assert '{"number": 1}' in shown
    assert "\x1b" not in listed + shown  # what a stranger sent does not steer our terminal
    assert "no dead letter at 0:9" in case.say("dlq", "show", "0:9", status=1)
    assert "sent again as" in case.say("dlq", "resend", "0:1")
    assert "sent 2 dead letters again" in case.say(
        "dlq", "resend", "--all", "--reason", "wrong-type"
    )
    values = [message.value for message in case.read(case.topics.records)]
    assert sorted(values) == [b'{"number": %d}' % number for number in range(3)]


@pytest.fixture
def service(
    tmp_path: Path, kafka_is_here: None
) -> Iterator[tuple[Terminal, subprocess.Popen[str]]]:
    """``halflife up`` in a folder of its own, with its own Kafka."""
    terminal = Terminal(tmp_path, {})
    process = terminal.start("up")
    try:
        yield terminal, process
    finally:
        process.kill()
        process.communicate()


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(child: psutil.Process) -> bool:
    """Ended; one whose parent ended first may wait for a reaper that the container has not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return child.status() == psutil.STATUS_ZOMBIE
    return True


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"it ended and did not say {words!r}: {said}")


@pytest.mark.slow
def test_the_whole_service_by_hand(
    service: tuple[Terminal, subprocess.Popen[str]],
) -> None:
    terminal, process = service
    said = read_until(process, "Ctrl-C ends it all")
    assert "live page" in said
    terminal.write_rows("runs", 300, seed=0)
    terminal.say("replay", "runs.csv", "--stream", "gas", "--lab", "lab.toml", "--rate", "0")
    terminal.say("replay", "runs.csv", "--stream", "gas", "--rate", "0", "--run", "again")
    # The column 'run' is not declared: all of the second replay is dead letters.
    wait_for(lambda: len(terminal.ask("dlq", "list", "--limit", "400")) == 300)
    batch = wait_for(lambda: terminal.ask("batches", "gas"))[0]
    assert batch["rows"] == 100
    assert batch["in_circulation"]
    answer = terminal.start("regenerate", "gas", "--reason", "for the test", "--timeout", "90")
    terminal.write_rows("more", 100, seed=1)
    terminal.say("replay", "more.csv", "--stream", "gas", "--lab", "lab.toml", "--rate", "0")
    verdict, _ = answer.communicate(timeout=120)
    assert answer.returncode == 0, verdict
    assert verdict.startswith(("promoted: ", "rejected: "))
    status = terminal.ask("status")
    assert [stream["stream"] for stream in status["streams"]] == ["gas"]
    assert status["dead_letters"]["reasons"] == {"unknown-column": 300}
    children = family(process)
    assert len(children) >= 4  # Kafka with its keeper, two workers
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert all(gone(child) for child in children)


@pytest.mark.slow
def test_a_killed_worker_starts_again_and_a_killed_service_leaves_nothing(
    service: tuple[Terminal, subprocess.Popen[str]],
) -> None:
    _, process = service
    read_until(process, "Ctrl-C ends it all")

    def workers(kind: str) -> list[psutil.Process]:
        return [child for child in family(process) if kind in child.cmdline()]

    victim = wait_for(lambda: workers("monitor"))[0]
    victim.kill()
    assert "the monitor worker was ended by SIGKILL" in read_until(process, "SIGKILL")
    again = wait_for(lambda: [one for one in workers("monitor") if one.pid != victim.pid])
    assert again
    children = family(process)
    process.kill()
    wait_for(lambda: all(gone(child) for child in children))


@pytest.mark.slow
def test_up_uses_the_kafka_that_is_named(case: Case) -> None:
    process = case.start("up", "--data", "elsewhere")
    try:
        assert f"Kafka       {case.settings.broker}\n" in read_until(process, "Ctrl-C ends it all")
        assert not [child for child in family(process) if "java" in child.name()]
        wait_for((case.folder / "elsewhere" / "logs" / "monitor worker.log").exists)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert said.endswith("stopped\n")
    finally:
        process.kill()
        process.communicate()
