"""Records through the client, while the worker that takes them and the broker are killed."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import orjson

from halflife import Lab
from halflife.streams.broker.embedded import EmbeddedKafka

from .connecting import Written
from .pushing import LAB, address_of
from .service import Service, Worker, wait_until

_PATIENCE: Final = 240.0
_PAUSE: Final = 0.001
_BAD: Final = 100
"""One in so many has a value that the lab file does not allow."""


def run(
    kafka: EmbeddedKafka, prefix: str, folder: Path, *, records: int, kills: int, restarts: int
) -> dict[str, Any]:
    """What came of it; ``lost``, ``doubled`` and ``lost letters`` are to be empty.

    Args:
        kafka: Is killed and started again.
        prefix: Of all topics.
        folder: For lab file, logs and spool.
        records: To be recorded, one in a hundred of which is refused.
        kills: ``kill -9`` of the worker.
        restarts: Of the broker.
    """
    began = time.monotonic()
    service = Service(kafka.address, prefix, folder, LAB)
    worker = service.start("connect", "one")
    url = address_of(worker, 60)
    lab = Lab(url, instrument="robot", spool=folder / "spool", longest_wait=0.5)
    took: list[float] = []
    try:
        troubles = _spread(kills, restarts)
        for place, kind in enumerate([*troubles, ""]):
            first, last = (records * k // (len(troubles) + 1) for k in (place, place + 1))
            took += _record(lab, range(first, (first + last) // 2))
            if kind == "kill":
                worker = _anew(service, worker, url)
            elif kind == "restart":
                kafka.kill()
                took += _record(lab, range((first + last) // 2, last))
                kafka.start()
                continue
            took += _record(lab, range((first + last) // 2, last))
        wait_until(
            lambda: not lab.status.waiting, _PATIENCE, lambda: f"{lab.status}\n{worker.said}"
        )
        written = Written(service)  # not before: it would look for the broker while it is down
        try:
            found = _found(lab, written, records, took)
        finally:
            written.close()
        return found | {
            "kills": kills,
            "restarts": restarts,
            "seconds": round(time.monotonic() - began, 1),
        }
    finally:
        lab.close()
        service.end()


def _spread(kills: int, restarts: int) -> list[str]:
    """Restarts of the broker among the kills of the worker."""
    places = [((i + 1) / (kills + 1), "kill") for i in range(kills)]
    places += [((i + 0.5) / restarts, "restart") for i in range(restarts)]
    return [kind for _, kind in sorted(places)]


def _record(lab: Lab, numbers: range) -> list[float]:
    """Seconds that each call took."""
    took = []
    for n in numbers:
        values = {"x": -1.0 if n % _BAD == _BAD - 1 else float(n), "y": float(n), "kind": "a"}
        began = time.perf_counter()
        lab.record("opv", values)
        took.append(time.perf_counter() - began)
        time.sleep(_PAUSE)
    return took


def _anew(service: Service, worker: Worker, url: str) -> Worker:
    worker.kill()
    return service.start("connect", "one", HALFLIFE_CONNECT_PORT=url.rpartition(":")[2])


def _found(lab: Lab, written: Written, records: int, took: list[float]) -> dict[str, Any]:
    good = [n for n in range(records) if n % _BAD != _BAD - 1]
    bad = [n for n in range(records) if n % _BAD == _BAD - 1]
    # By number, not by identity: one record under two identities would be seen.
    first = {record["record_id"]: int(record["values"]["y"]) for record in written.records()}
    letters = {int(orjson.loads(x.value or b"")["values"]["y"]) for x in written.letters()}
    refused = [int(orjson.loads(one.record)["values"]["y"]) for one in lab.refused()]
    ids = written.ids()
    return {
        "records": records,
        "lost": sorted(set(good) - set(first.values())),
        "doubled": sorted(n for n, count in Counter(first.values()).items() if count > 1),
        "strange": sorted(set(first.values()) - set(good)),
        "lost letters": sorted(set(bad) - letters),
        "refused rightly": refused == bad,
        "in order": list(first.values()) == sorted(first.values()),
        "repeats in the log": ids.total() - len(ids),
        "status": lab.status._asdict() | {"last_refusals": None},
        "median_seconds": sorted(took)[len(took) // 2],
        "p99_seconds": sorted(took)[len(took) * 99 // 100],
    }
