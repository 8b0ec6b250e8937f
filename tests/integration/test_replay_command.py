"""``halflife replay``, as it is typed, against a real broker."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

from .terminal import Case, wait_for

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


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
    seconds = [(record.time - BEGIN).total_seconds() for record in case.records()]
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
