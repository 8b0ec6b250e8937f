"""Sparkplug B with a connector that is killed and a broker that is restarted.

Data comes with QoS 0, so that what is published meanwhile is lost: each lost record must lie in a
gap that was told.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from .connecting import Written
from .mosquitto import Mosquitto
from .service import Service, wait_until
from .sparkplug_node import DOUBLE, SparkplugNode

LAB: Final = """
[stream.oven]
[stream.oven.column]
x = {{ role = "set-point" }}
[source.oven]
type = "sparkplug"
host = "127.0.0.1"
port = {port}
group = "lab"
"""
_STEP: Final = 50
_SKEW: Final = 1.0


def run(
    kafka_address: str,
    prefix: str,
    folder: Path,
    *,
    records: int,
    kills: int,
    restarts: int,
) -> dict[str, Any]:
    """A node publishes without a pause, whether somebody listens or not.

    Args:
        kafka_address: Of the broker of Kafka.
        prefix: Of all topics.
        folder: For files.
        records: To be published.
        kills: ``kill -9`` of the connect worker, spread over them.
        restarts: Of mosquitto, likewise.
    """
    began = time.monotonic()
    with Mosquitto(folder / "mosquitto") as broker:
        service = Service(kafka_address, prefix, folder, LAB.format(port=broker.port))
        written = Written(service)
        try:
            worker = service.start("connect", "one")
            worker.wait_for("is read from", 90)
            parts = kills + restarts + 1
            published: dict[int, float] = {}
            for part in range(parts):
                with SparkplugNode(broker, {"x": (DOUBLE, -1.0)}) as node:
                    _heard(node, written, part)
                    for x in range(part * records // parts, (part + 1) * records // parts):
                        published[x] = time.time()
                        node.data({"x": float(x)})
                        if part < kills and x == (2 * part + 1) * records // parts // 2:
                            worker.kill()
                            worker = service.start("connect", "one")
                if kills <= part < kills + restarts:
                    broker.restart()
            last = max(published)
            written.wait_until(lambda: any(r["values"]["x"] == last for r in written.records()))
            found = [int(record["values"]["x"]) for record in written.records()]
            counts = Counter(x for x in found if x >= 0 and x in published)
            gaps = [event for event in written.events() if event.kind == "gap"]
            doubled_ids = sum(n - 1 for n in written.ids().values())
        finally:
            service.end()
            written.close()
    lost = [x for x in published if x not in counts]
    return {
        "records": records,
        "kills": kills,
        "restarts": restarts,
        "written": len(counts),
        "lost": len(lost),
        "lost_outside_gaps": sum(not _told(published[x], gaps) for x in lost),
        "doubled": sum(n - 1 for n in counts.values()),
        "doubled_ids": doubled_ids,
        "gaps": len(gaps),
        "seconds": round(time.monotonic() - began, 1),
    }


def _heard(node: SparkplugNode, written: Written, part: int) -> None:
    """Until a value of this part's own has come through: births are known again."""
    mark = -100.0 - part

    def through() -> bool:
        node.data({"x": mark})
        return any(record["values"]["x"] == mark for record in written.records())

    wait_until(through, 90, lambda: f"part {part}: nothing comes through", every=0.3)


def _told(moment: float, gaps: list[Any]) -> bool:
    """Whether a moment lies in a gap that was told, give or take what clocks of events round."""
    return any(_seconds(gap.first) - _SKEW <= moment <= _seconds(gap.last) + _SKEW for gap in gaps)


def _seconds(text: Any) -> float:
    return (text if isinstance(text, datetime) else datetime.fromisoformat(text)).timestamp()
