"""Files that grow and are rotated, read into a real Kafka by workers that are killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.commands.main import run
from tests.harness import chaos_files

from .conftest import Serve

RECORDS, KILLS, RESTARTS = 1_100, 1, 1
"""The full size is that of ``make soak-connectors``: 10,000 records, 5 kills, 2 restarts."""


@pytest.mark.slow
def test_kills_restarts_and_rotation_lose_and_double_nothing(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    found = chaos_files.run(
        kafka, topic_prefix, tmp_path, records=RECORDS, kills=KILLS, restarts=RESTARTS
    )
    bad = RECORDS // chaos_files.BAD_EVERY
    assert found["rotations"] == RECORDS // chaos_files.ROTATE_EVERY
    assert (found["lost"], found["strange"], found["doubled"]) == (0, 0, 0)
    assert found["read"] == RECORDS - bad
    assert found["gaps"] == []
    assert len(found["letters"]) == bad
    # Each row takes two lines, after one of the header.
    assert found["letters"][0].endswith(f"line {2 * chaos_files.BAD_EVERY}")


def test_a_cut_off_file_is_told_as_a_gap(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    service, written = serve(
        f"""
        [stream.log.column]
        y = {{ role = "measured" }}
        [source.log]
        type = "files"
        path = "{path}"
        poll = "0.1 s"
        """
    )
    path.write_text("".join(f'{{"y": {i}}}\n' for i in range(9)))
    service.start("connect", "one")
    written.wait_for_records(9)
    path.write_text('{"y": 100}\n{"y": 101}\n')
    written.wait_for_records(11)
    (gap,) = [event for event in written.events() if event.kind == "gap"]
    assert gap.text.startswith("log.jsonl is shorter than the 81 bytes")
    assert gap.first is not None
    answers = [record["values"]["y"] for record in written.records()]
    assert answers == pytest.approx([*range(9), 100, 101])


def test_commands_show_the_source_and_where_letters_stood(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("y\n1\nhigh\n3\n4,5\n")
    service, written = serve(
        f"""
        [stream.log.column]
        y = {{ role = "measured", max = 2 }}
        [source.log]
        type = "files"
        path = "{folder}"
        """
    )
    worker = service.start("connect", "one")
    written.wait_until(lambda: len(written.letters()) == 3)
    worker.terminate()
    monkeypatch.setenv("HALFLIFE_BROKER", service.broker)
    monkeypatch.setenv("HALFLIFE_TOPIC_PREFIX", service.prefix)
    assert run(["status", "--json", "-"]) == 0
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert (source["source"], source["type"], source["stream"]) == ("log", "files", "log")
    assert (source["state"], source["records"]) == ("connected", 1)
    assert run(["status"]) == 0
    assert "connected" in capsys.readouterr().out
    assert run(["dlq", "list"]) == 0
    said = capsys.readouterr().out
    assert "a.csv, line 3: values.y" in " ".join(said.split())
    assert run(["dlq", "list", "--json", "-"]) == 0
    letters = {one["address"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(letters) == {"a.csv, line 3", "a.csv, line 4", "a.csv, line 5"}
    assert run(["dlq", "show", letters["a.csv, line 3"]["place"]]) == 0
    assert "from the source log, a.csv, line 3\n" in capsys.readouterr().out
    assert run(["dlq", "show", letters["a.csv, line 4"]["place"]]) == 0
    assert "'dlq resend' sends it there" in capsys.readouterr().out
