"""The program as it is called in a folder, with a lab file and rows to send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from kafka import KafkaProducer

from halflife.schemas.messages import ExperimentRecord, Message
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import kafka_python_arguments
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics
from halflife.streams.commands.topic_reader import TopicReader, parsed

LAB = """
[stream.gas]
reference = 200
min_rows = 160
rows = 100
tick = 40
grace = 10
generator = "trees"
target = "pressure"
[stream.gas.column]
temperature = { role = "set-point", unit = "K", min = 0 }
moles = { role = "set-point", kind = "integer", unit = "mol" }
pressure = { role = "measured", unit = "kPa" }
"""


class Terminal:
    """A folder with a lab file and a CSV, and a program that is called there."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HALFLIFE_")}
        cache = os.environ.get("HALFLIFE_CACHE")
        variables = {"HALFLIFE_WEB_PORT": "0", "HALFLIFE_GENERATOR_PORT": "0", **variables}
        self.environment = {
            **inherited,
            **({"HALFLIFE_CACHE": cache} if cache else {}),
            **variables,
        }
        (folder / "lab.toml").write_text(LAB)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "halflife.streams.commands.main", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )

    def say(self, *arguments: str, status: int = 0) -> str:
        """What a command prints; its exit status must be the one expected."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == status, printed
        return printed

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.say(*arguments, "--json", "-"))

    def write_rows(self, name: str, rows: int, seed: int, shift: float = 0.0) -> None:
        random = np.random.default_rng(seed)
        temperature, moles = random.uniform(280, 360, rows), random.integers(1, 5, rows)
        pressure = 0.083 * temperature * moles + random.normal(0, 1, rows) + shift
        lines = ["run,temperature,moles,pressure"]
        cells = zip(temperature.tolist(), moles.tolist(), pressure.tolist(), strict=True)
        lines += [f"{name}-{i},{t!r},{n},{p!r}" for i, (t, n, p) in enumerate(cells)]
        (self.folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


class Case(Terminal):
    """The same with topics of its own on the broker of the session."""

    def __init__(self, folder: Path, kafka: EmbeddedKafka, prefix: str) -> None:
        super().__init__(
            folder,
            {
                "HALFLIFE_BROKER": kafka.address,
                "HALFLIFE_TOPIC_PREFIX": prefix,
                "HALFLIFE_PARTITIONS": "2",
            },
        )
        self.settings = Settings(broker=kafka.address, topic_prefix=prefix)
        self.topics = TopicPlan.with_prefix(prefix)
        create_topics(self.settings, self.topics, partitions=2)

    def read(self, topic: str) -> list[Any]:
        with TopicReader(self.settings) as reader:
            return reader.newest(topic)

    def records(self) -> list[ExperimentRecord]:
        return parsed(ExperimentRecord, self.read(self.topics.records))

    def publish(self, *messages: Message) -> None:
        producer = KafkaProducer(**kafka_python_arguments(self.settings), acks="all")
        for message in messages:
            topic = f"{self.settings.topic_prefix}.{message.topic}"
            key = message.stream.encode()  # type: ignore[attr-defined]  # all that are sent here have one
            producer.send(topic, key=key, value=message.to_bytes()).get(timeout=30)
        producer.close()


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found
