"""An OPC UA server, the connect worker and Kafka, while each of the first two is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.chaos_opcua import run
from tests.harness.opcua_lab import OpcuaLab
from tests.harness.ports import free_port

from .conftest import Serve

RECORDS, KILLS, RESTARTS = 300, 1, 1
LAB = """
[stream.reactor]
[stream.reactor.column]
heat = {{ role = "measured", unit = "K" }}
turns = {{ role = "set-point", unit = "1/min" }}
boxes = {{ role = "measured", unit = "1" }}
state = {{ role = "context", kind = "category" }}
[source.reactor]
type = "opcua"
url = "{url}"
browse = "2:Reactor"
trigger = "Count"
interval = "0.1 s"
[source.reactor.column]
heat = "Temperature"
turns = {{ from = "Pump.Speed", unit = "1/min" }}
boxes = "Pressure"
state = "State"
"""


@pytest.mark.slow
def test_only_what_nobody_heard_is_lost_and_that_is_told(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    found = run(
        kafka.address, topic_prefix, tmp_path, records=RECORDS, kills=KILLS, restarts=RESTARTS
    )
    assert found.made >= RECORDS - 1
    assert found.untold == []
    assert (found.doubled, found.wrong) == (0, 0)
    assert found.gaps == KILLS + RESTARTS
    # Gaps that covered everything would be no promise.
    assert found.heard > found.made / 4


def test_units_are_checked_and_what_does_not_fit_is_a_dead_letter(
    serve: Serve, tmp_path: Path
) -> None:
    lab = OpcuaLab(free_port(), tmp_path)
    lab.start()
    try:
        text = LAB.format(url=lab.url)
        service, written = serve(text)
        service.start("connect", "one")
        written.wait_until(lambda: any(e.kind == "connected" for e in written.events()), 120)
        lab.set(Temperature=(25.0, 1_795_000_000.0, 0), Count=(1, 1_795_000_001.0, 0))
        written.wait_until(written.letters)
        [letter] = written.letters()
        assert (letter.reason, letter.path) == ("unit", "values.boxes")
        assert "mbar" in letter.text
        assert letter.address == f"{lab.url} at 2026-11-18T11:06:41+00:00"
        service.workers[-1].kill()
        service.lab_file.write_text(text.replace('boxes = "Pressure"', 'boxes = "Spectrum.1"'))
        service.start("connect", "one")
        written.wait_until(lambda: any(e.kind == "gap" for e in written.events()), 120)
        lab.set(State=(2, 1_795_000_002.0, 0x80050000), Count=(2, 1_795_000_003.0, 0))
        [record] = written.wait_for_records(1)
        assert record["values"]["heat"] == pytest.approx(298.15)
        assert (record["values"]["turns"], record["values"]["boxes"]) == (60.0, 2.5)
        assert record["values"]["state"] is None
        assert record["time"].startswith("2026-11-18T11:06:43")
    finally:
        lab.kill()
