"""Memory and use of the NVIDIA cards of this machine."""

from __future__ import annotations

import csv
import logging
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_MEBIBYTE: Final = 2**20
_QUERY: Final = "index,name,memory.used,memory.total,utilization.gpu"

log = logging.getLogger(__name__)


class GpuCollector(Collector):
    """Shows the cards that ``nvidia-smi`` sees; a scrape never waits for it.

    A thread asks once a period. torch is not imported for this: it would take hundreds of
    megabytes in a worker whose training runs in a child. Without the program there are no series.

    Args:
        ask: Gives the lines of CSV.
        period: Seconds from one question to the next.

    Example:
        >>> gpu = GpuCollector(ask=lambda: "0, NVIDIA H100, 1024, 81559, 37")
        >>> gpu.refresh()
        >>> [(metric.name, metric.samples[0].value) for metric in gpu.collect()][0]
        ('halflife_gpu_memory_used_bytes', 1073741824.0)
    """

    def __init__(self, ask: Callable[[], str] | None = None, *, period: float = 10.0) -> None:
        self._ask = ask or _nvidia_smi
        self._period = period
        self._rows: list[tuple[list[str], list[float]]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gpu", daemon=True)

    def start(self) -> None:
        """Begin to ask, where the program is there."""
        if shutil.which("nvidia-smi") is not None:
            self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()

    def refresh(self) -> None:
        """Ask now; what cannot be read is shown as nothing."""
        try:
            self._rows = [_card(cells) for cells in csv.reader(self._ask().splitlines()) if cells]
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            log.debug("no figures of graphics cards: %s", error)
            self._rows = []

    def collect(self) -> Iterator[Metric]:
        """The metrics, from the last answer."""
        for place, (name, text) in enumerate(_METRICS):
            family = GaugeMetricFamily(name, text, labels=["gpu", "name"])
            for labels, values in self._rows:
                family.add_metric(labels, values[place])
            yield family

    def _run(self) -> None:
        while not self._ended.is_set():
            self.refresh()
            self._ended.wait(self._period)


_METRICS: Final = (
    ("halflife_gpu_memory_used_bytes", "Memory of a graphics card that is in use."),
    ("halflife_gpu_memory_total_bytes", "Memory that a graphics card has."),
    ("halflife_gpu_utilization_ratio", "Share of the last moments in which a card computed."),
)


def _card(cells: list[str]) -> tuple[list[str], list[float]]:
    """Labels and values of a card; what it does not tell is NaN."""
    index, name, *told = [cell.strip() for cell in cells]
    used, total, percent = (float(t) if t[:1].isdigit() else float("nan") for t in told)
    return [index, name], [used * _MEBIBYTE, total * _MEBIBYTE, percent / 100]


def _nvidia_smi() -> str:
    return subprocess.run(  # noqa: S603  # our own arguments
        ["nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"],  # noqa: S607  # as PATH has it
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    ).stdout
