"""A beamline of simulated devices: a real RunEngine, whose documents bluesky-kafka publishes.

It is a program of its own, as a RunEngine wants the main thread, and its libraries warn:
``python -m tests.harness.bluesky_lab ADDRESS TOPIC LEDGER PLAN [COUNT]``. The ledger has a line of
JSON for each event that the RunEngine emitted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np


def start(address: str, topic: str, ledger: Path, plan: str, count: int = 5) -> Any:
    """The program, running.

    Args:
        address: Of Kafka.
        topic: That it publishes to.
        ledger: Is appended to.
        plan: One of those below.
        count: Of points, where the plan asks for it.
    """
    with ledger.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, address, topic, str(ledger), plan, str(count)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )


def publish(address: str, topic: str, ledger: Path, plan: str, count: int = 5) -> None:
    """Run the program to its end.

    Raises:
        AssertionError: If it fails, with what it said.
    """
    status = start(address, topic, ledger, plan, count).wait(120)
    assert status == 0, ledger.with_suffix(".log").read_text()[-5000:]


def events(ledger: Path, stream: str = "primary") -> list[dict[str, Any]]:
    """The events of an event stream that were emitted, in their order; a torn last line is none."""
    lines = ledger.read_bytes().split(b"\n")[:-1] if ledger.exists() else []
    return [event for event in map(json.loads, lines) if event["stream"] == stream]


def _devices() -> dict[str, Any]:
    from ophyd.sim import SynSignal, hw

    class Thermometer(SynSignal):  # type: ignore[misc]  # ophyd has no types
        """A detector that says its unit, as those of EPICS do."""

        def describe(self) -> Any:
            told = super().describe()
            told[self.name]["units"] = "degC"
            return told

    made = hw()
    spectrum = SynSignal(name="spectrum", func=lambda: np.arange(3.0), labels={"detectors"})
    image = SynSignal(name="image", func=lambda: np.zeros((100, 100), np.uint16))
    counts = SynSignal(name="counts", func=lambda: np.int64(7))
    return {
        "motor": made.motor,
        "baseline": made.motor2,
        "det": made.det,
        "flyer": made.flyer1,
        "stored": made.img,
        "t": Thermometer(name="t", func=lambda: 25.0, precision=3),
        "arrays": [spectrum, image, counts],
    }


def _scan(d: dict[str, Any], count: int) -> Any:
    from bluesky import plans

    return plans.scan([d["det"], d["t"]], d["motor"], -1, 1, count, md={"sample": {"lot": "A7"}})


def _arrays(d: dict[str, Any], count: int) -> Any:
    from bluesky import plans

    return plans.count(d["arrays"], count)


def _stored(d: dict[str, Any], count: int) -> Any:
    from bluesky import plans

    return plans.count([d["det"], d["stored"]], count)


def _count(d: dict[str, Any], count: int) -> Any:
    from bluesky import plans

    return plans.count([d["det"]], count)


def _adaptive(d: dict[str, Any], count: int) -> Any:
    from bluesky import plans

    return plans.adaptive_scan([d["det"]], "det", d["motor"], -1, 1, 0.05, 0.5, 0.3, True)


def _fly(d: dict[str, Any], count: int) -> Any:
    from bluesky import plans

    return plans.fly([d["flyer"]])


def _fails(d: dict[str, Any], count: int) -> Iterator[Any]:
    """A plan that breaks after some points."""
    from bluesky import plan_stubs

    yield from plan_stubs.open_run()
    for _ in range(count):
        yield from plan_stubs.trigger_and_read([d["det"]])
    raise RuntimeError("the sample fell off")


_PLANS: dict[str, Callable[[dict[str, Any], int], Any]] = {
    "adaptive": _adaptive,
    "abort": _count,
    "arrays": _arrays,
    "count": _count,
    "fails": _fails,
    "fly": _fly,
    "scan": _scan,
    "stored": _stored,
}


def main(address: str, topic: str, ledger: str, plan: str, count: str) -> None:
    """Run a plan."""
    from bluesky import RunEngine
    from bluesky.preprocessors import SupplementalData
    from bluesky_kafka import Publisher
    from event_model import unpack_event_page

    devices = _devices()
    engine = RunEngine({"beamline_id": "sim", "proposal": 7})
    publisher = Publisher(
        topic=topic,
        bootstrap_servers=address,
        key="documents",
        producer_config={"enable.idempotence": True, "compression.type": "snappy"},
        flush_on_stop_doc=True,
    )
    names: dict[str, str] = {}
    with Path(ledger).open("a", encoding="utf-8") as file:

        def note(name: str, document: Any) -> None:
            if name == "descriptor":
                names[document["uid"]] = document["name"]
            found = (
                [document]
                if name == "event"
                else list(unpack_event_page(document))
                if name == "event_page"
                else []
            )
            for event in found:
                line = {
                    "uid": event["uid"],
                    "time": event["time"],
                    "stream": names[event["descriptor"]],
                    "data": {k: v for k, v in event["data"].items() if np.ndim(v) == 0},
                }
                file.write(json.dumps(line, default=lambda one: one.item()) + "\n")
                file.flush()
            if plan == "abort" and name == "event" and document["seq_num"] == 3:
                threading.Thread(target=engine.abort, args=("enough",)).start()

        # What is published is on its way before the ledger has it.
        engine.subscribe(publisher)
        engine.subscribe(note)
        engine.preprocessors.append(SupplementalData(baseline=[devices["baseline"]]))
        try:
            engine(_PLANS[plan](devices, int(count)))
        except Exception:
            if plan not in {"abort", "fails"}:
                raise
        publisher.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
