"""The real workers as processes of their own, to be started, killed and watched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from kafka import KafkaProducer

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.broker.topics import TopicPlan, create_topics

from .records import PARTITIONS, Sent

LOOK_SECONDS: Final = 0.05


def wait_until(
    condition: Callable[[], Any],
    seconds: float,
    what: Callable[[], str],
    *,
    every: float = LOOK_SECONDS,
) -> Any:
    """The first true value of a condition.

    Args:
        condition: Is looked at again and again.
        seconds: Longest that it may take.
        what: Tells what was seen when it takes longer.
        every: Seconds between two looks.

    Raises:
        AssertionError: If it does not become true in time.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s: {what()}")
        time.sleep(every)
    return value


class Worker:
    """One worker process with its log."""

    def __init__(
        self, kind: str, name: str, lab: Path, log: Path, environment: dict[str, str]
    ) -> None:
        self.name = name
        self.log = log
        self._from = log.stat().st_size if log.exists() else 0
        command = [sys.executable, "-m", "halflife.streams.commands.main", kind, "--lab", str(lab)]
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                command, env=environment, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL
            )

    @property
    def said(self) -> str:
        """What this process has logged."""
        with self.log.open("rb") as file:
            file.seek(self._from)
            return file.read().decode("utf-8", "replace")

    def wait_for(self, pattern: str, seconds: float) -> None:
        """Waits for a line of the log.

        Raises:
            AssertionError: If it does not come in time, or the process ends.
        """

        def found() -> bool:
            assert self.process.poll() is None, f"{self.name} ended by itself:\n{self.said[-6000:]}"
            return re.search(pattern, self.said) is not None

        wait_until(found, seconds, lambda: f"no {pattern!r} of {self.name}:\n{self.said[-6000:]}")

    def children(self) -> list[psutil.Process]:
        """All processes below this one."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> list[psutil.Process]:
        """``kill -9`` of the worker alone; its children, which must end by themselves."""
        children = self.children()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return children

    def terminate(self, seconds: float = 15.0) -> int:
        """The exit status after SIGTERM."""
        self.process.terminate()
        return self.process.wait(seconds)


@dataclass
class Service:
    """One set of topics on a broker, and the workers that serve it.

    Args:
        broker: Address of the broker.
        prefix: Of all topics and groups.
        folder: For lab file, data and logs.
        lab_text: The lab file.
        snapshot_seconds: Between two snapshots.
        more: Further settings.
    """

    broker: str
    prefix: str
    folder: Path
    lab_text: str
    snapshot_seconds: float = 0.3
    more: dict[str, str] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lab_file = self.folder / "lab.toml"
        self.lab_file.write_text(self.lab_text)
        self.lab = Lab.parse(self.lab_text)
        self.settings = Settings(
            broker=self.broker, topic_prefix=self.prefix, partitions=PARTITIONS
        )
        self.topics = TopicPlan.with_prefix(self.prefix)
        create_topics(self.settings, self.topics, partitions=PARTITIONS)

    def start(self, kind: str, name: str, **more: str) -> Worker:
        """Starts a worker.

        Args:
            kind: ``monitor``, ``generator`` or ``connect``.
            name: Its lasting identity, and of its log.
            **more: Settings of this one.
        """
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "HALFLIFE_BROKER": self.broker,
            "HALFLIFE_TOPIC_PREFIX": self.prefix,
            "HALFLIFE_DATA": str(self.folder / "data"),
            "HALFLIFE_WORKER_ID": name,
            "HALFLIFE_WEB_PORT": "0",
            "HALFLIFE_GENERATOR_PORT": "0",
            "HALFLIFE_CONNECT_PORT": "0",
            "HALFLIFE_SNAPSHOT_SECONDS": str(self.snapshot_seconds),
            **self.more,
            **more,
        }
        worker = Worker(kind, name, self.lab_file, self.folder / f"{name}.log", environment)
        self.workers.append(worker)
        return worker

    def producer(self) -> Sender:
        """Sends records, each once."""
        return Sender(self)

    def end(self) -> None:
        """Kills what still runs."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()


class Sender:
    """Sends records so that each is in the log once, in order, whatever the broker goes through."""

    def __init__(self, service: Service) -> None:
        self._topic = service.topics.records
        self._producer = KafkaProducer(
            bootstrap_servers=service.broker,
            enable_idempotence=True,
            delivery_timeout_ms=120_000,
            linger_ms=5,
        )

    def send(self, messages: list[Sent]) -> None:
        """Returns when all are acknowledged."""
        waiting = [
            self._producer.send(
                self._topic,
                value=message.value,
                key=message.key,
                partition=message.partition,
                headers=list(message.headers),
            )
            for message in messages
        ]
        self._producer.flush()
        for sent in waiting:
            sent.get(timeout=120)

    def close(self) -> None:
        """Lets go of the connections."""
        self._producer.close()
