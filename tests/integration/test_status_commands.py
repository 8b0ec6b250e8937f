"""``halflife status``, ``batches`` and ``dlq``: what they show of a real broker's topics."""

from __future__ import annotations

from datetime import UTC, datetime

from kafka import KafkaProducer

from halflife.schemas.messages import Alert, FidelityReport, SyntheticBatch, Window
from halflife.streams.broker.clients import kafka_python_arguments
from halflife.streams.broker.dead_letter import DeadLetter

from .terminal import Case

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
        half_life_hours_interval=(None, None), expiry_records=None, expiry_interval=(None, None),
        expiry_hours=None, expiry_hours_interval=(None, None), forecast="no decay",
        utility_gap=None, utility_gap_interval=None,
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


def test_without_topics_it_is_said_who_makes_them(case: Case) -> None:
    case.write_rows("runs", 2, seed=0)
    case.environment["HALFLIFE_TOPIC_PREFIX"] = f"{case.settings.topic_prefix}-none"
    for arguments in (["replay", "runs.csv", "--stream", "gas"], ["status"]):
        said = case.say(*arguments, status=1)
        assert "no topic" in said
        assert "Traceback" not in said
