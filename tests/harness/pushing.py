"""Records that are sent to a connect worker over HTTP, and its address."""

from __future__ import annotations

from typing import Any

from .service import Worker

LAB = """
[stream.opv]
[stream.opv.column]
x = { role = "set-point", min = 0, max = 1e9 }
y = { role = "measured" }
kind = { role = "context", kind = "category" }
[stream.gas]
[stream.gas.column]
p = { role = "measured", unit = "Pa", min = 0 }
[source.hplc]
type = "http"
stream = "gas"
id_from = "meta.run"
time_from = "meta.at"
[source.hplc.column]
p = { from = "answer.pressure", unit = "bar" }
[source.bare]
type = "http"
stream = "gas"
"""


def record(i: int, **changes: Any) -> dict[str, Any]:
    """A good record of the stream ``opv``."""
    whole = {
        "stream": "opv",
        "record_id": f"r{i}",
        "time": "2026-03-01T08:00:00Z",
        "instrument": "robot",
        "values": {"x": float(i), "y": 0.5, "kind": "a"},
    }
    return whole | changes


def address_of(worker: Worker, seconds: float = 30.0) -> str:
    """Where a connect worker answers, once it does."""
    worker.wait_for(r"metrics at \S+/metrics", seconds)
    return worker.said.split("metrics at ")[-1].split("/metrics")[0]
