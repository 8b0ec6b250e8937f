"""What all benchmarks stand on: a broker, topics with records, and workers as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families

from halflife.schemas.settings import Settings
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics


@dataclass
class Worker:
    """A worker of Halflife as a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def scrape(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """All samples at ``/metrics``; none while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as page:
                text = page.read().decode()
        except (urllib.error.URLError, OSError):
            return {}
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def total(self, name: str, **labels: str) -> float:
        """Sum of the samples of a name that carry some labels."""
        wanted = set(labels.items())
        return sum(v for (n, have), v in self.scrape().items() if n == name and wanted <= have)

    def offset(self) -> int:
        """Next offset of partition 0 as ``/ready`` tells it: up to date with every block."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as page:
                state = json.load(page)
        except (urllib.error.URLError, OSError):
            return 0
        return int(state["partitions"].get("0", {}).get("next_offset", 0))

    def cpu_seconds(self, *, children: bool = True) -> float:
        """Processor time so far, of the pool's processes too."""
        me = psutil.Process(self.process.pid)
        all_of_them = [me, *(me.children(recursive=True) if children else [])]
        return sum(t.cpu_times().user + t.cpu_times().system for t in all_of_them)

    def memory(self) -> int:
        """Resident memory of the worker itself, bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@dataclass
class Stage:
    """A broker with topics and a lab file."""

    kafka: EmbeddedKafka
    folder: Path
    lab: Path
    settings: Settings
    topics: TopicPlan
    workers: list[Worker] = field(default_factory=list)

    def start(self, kind: str, port: int, **environment: str) -> Worker:
        """A worker of a kind, ``monitor``, ``generator`` or ``connect``."""
        env = {
            **os.environ,
            "HALFLIFE_BROKER": self.kafka.address,
            "HALFLIFE_DATA": str(self.folder / "data"),
            "HALFLIFE_WEB_PORT": str(port),
            "HALFLIFE_GENERATOR_PORT": str(port),
            "HALFLIFE_CONNECT_PORT": str(port),
            "HALFLIFE_PARTITIONS": str(self.settings.partitions),
            **environment,
        }
        log = self.folder / f"{kind}-{port}.log"
        command = [sys.executable, "-m", "halflife.streams.commands.main", kind]
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*command, "--lab", str(self.lab)], env=env, stdout=out, stderr=out
            )
        worker = Worker(process, port, log)
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.wait(30)
        self.workers.clear()


@contextmanager
def stage(lab: str, *, partitions: int = 4) -> Iterator[Stage]:
    """A broker of its own, with topics and workers that end with it."""
    with tempfile.TemporaryDirectory(prefix="halflife-bench-") as name:
        folder = Path(name)
        file = folder / "lab.toml"
        file.write_text(lab)
        with EmbeddedKafka(folder / "kafka") as kafka:
            settings = Settings(broker=kafka.address, data=folder / "data", partitions=partitions)
            topics = TopicPlan.with_prefix("halflife")
            create_topics(settings, topics, partitions=partitions)
            made = Stage(kafka, folder, file, settings, topics)
            try:
                yield made
            finally:
                made.stop()


def wait_for(
    what: str, seconds: float, reached: Callable[[], bool], *, pause: float = 0.05
) -> None:
    """Poll until ``reached()`` is true, every ``pause`` seconds.

    Raises:
        TimeoutError: Naming what did not happen.
    """
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(pause)
