"""Kills of a connect worker and restarts of Kafka while somebody writes what it reads."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from halflife.streams.broker.embedded import EmbeddedKafka

from .connecting import Written
from .service import Service, wait_until

CONNECTED: Final = r"connected: is read from"
_STARTS: Final = 60.0
_SETTLES: Final = 120.0


def disturbed(
    kafka: EmbeddedKafka,
    prefix: str,
    folder: Path,
    lab_text: str,
    *,
    due: Callable[[], set[str] | None],
    writer: Callable[[], str],
    kills: int,
    restarts: int,
    seed: int,
) -> dict[str, Any]:
    """What became of the records of a source.

    Args:
        kafka: That holds its topics and ours; is killed and stopped by turns.
        prefix: Of our topics.
        folder: For the worker.
        lab_text: With one source.
        due: Identities of all records that must be there in the end, None while they are being
            made.
        writer: What whoever makes them has said.
        kills: ``kill -9`` of the worker, each at another moment.
        restarts: Of Kafka.
        seed: Of the moments.
    """
    rng = np.random.default_rng(seed)
    troubles = ["kill"] * kills + ["restart"] * restarts
    rng.shuffle(troubles)
    service = Service(kafka.address, prefix, folder, lab_text)
    written = Written(service)
    began = time.monotonic()
    try:
        worker = service.start("connect", "one")
        for number, trouble in enumerate(troubles):
            worker.wait_for(CONNECTED, _STARTS)
            time.sleep(rng.uniform(0.0, 1.0))
            if trouble == "kill":
                worker.kill()
                worker = service.start("connect", "one")
            else:
                kafka.kill() if number % 2 else kafka.stop()
                kafka.start()
        longest = _SETTLES + len(troubles) * _STARTS
        wanted = wait_until(due, longest, lambda: f"who writes has not ended: {writer()}")
        written.wait_until(lambda: wanted <= set(written.ids()), longest)
        ids: Counter[str] = written.ids()
        return {
            "records": len(wanted),
            "lost": len(wanted - set(ids)),
            "unknown": len(set(ids) - wanted),
            "doubled": sum(count - 1 for count in ids.values()),
            "letters": len(written.letters()),
            "gaps": sum(event.kind == "gap" for event in written.events()),
            "kills": kills,
            "restarts": restarts,
            "seconds": round(time.monotonic() - began, 1),
        }
    finally:
        service.end()
        written.close()
