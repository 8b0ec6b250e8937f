"""Plays the demo: Kafka, both workers, two instruments, and the story as it happens."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from rich.console import Console

from halflife.schemas.errors import MessageError
from halflife.schemas.message import Message
from halflife.schemas.messages import (
    Alert,
    ExperimentRecord,
    FidelityReport,
    SyntheticBatch,
    TrainingProgress,
)
from halflife.schemas.regeneration import read_regeneration
from halflife.schemas.settings import Settings
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics
from halflife.streams.commands.supervisor import Supervisor
from halflife.streams.commands.up import worker_command
from halflife.streams.generator.closing import close

from .bystander import Bystander
from .campaigns import CHANGE, LAMP_FROM, LAMP_RATE, chromatograph, solar_cells
from .chapter import Chapter
from .player import Player
from .story import skills, unmet

PLAY_SECONDS: Final = 66.0
PATIENCE_SECONDS: Final = 45.0
"""How long after the last record, and after the last news of the workers, more is waited for."""
LONGEST_SECONDS: Final = 300.0
"""How long after the last record the story may take to end, on a machine with much else to do."""
_COLOURS: Final = {"opv": "cyan", "hplc": "magenta"}


def run_demo(exit_when_told: bool, *, seed: int = 0, console: Console | None = None) -> int:
    """Play the demo.

    Args:
        exit_when_told: End when the story is told; else stay until Ctrl-C.
        seed: Of the order of the records within each campaign.
        console: Where it is told.

    Returns:
        0 if the story went as it should, 1 if not.
    """
    console = console or Console(highlight=False)
    # The clients' own complaints while Kafka starts are no part of the story.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    begun = time.monotonic()
    opv, hplc = solar_cells(seed), chromatograph(seed)
    _introduce(console, seed)
    with ExitStack() as stack:
        folder = _empty_folder(Settings.from_environment(os.environ))
        settings = _settings(folder, stack, console)
        lab = stack.enter_context(as_file(files(__package__) / "lab.toml"))
        shutil.copy(lab, folder / "lab.toml")
        workers = stack.enter_context(_workers(settings, folder))
        end = datetime.now(UTC)
        players = [
            Player("opv", "robot line", opv, seconds=PLAY_SECONDS, every=_minutes(5), end=end),
            Player(
                "hplc", "chromatograph", hplc, seconds=PLAY_SECONDS, every=_minutes(12), end=end
            ),
        ]
        demo = Demo(settings, players, workers, console, begun)
        return asyncio.run(demo.run(exit_when_told))


class Demo:
    """One performance.

    Args:
        settings: With the address of a Kafka whose topics are there and empty.
        players: Of the instruments.
        workers: The monitor and the generator worker, running.
        console: Where it is told.
        begun: When the demo began, on the monotonic clock.
    """

    def __init__(
        self,
        settings: Settings,
        players: list[Player],
        workers: Supervisor,
        console: Console,
        begun: float,
    ) -> None:
        self.settings = settings
        self.players = players
        self.workers = workers
        self.console = console
        self.begun = begun
        self.topics = TopicPlan.with_prefix(settings.topic_prefix)
        self.chapters = {player.stream: Chapter(player.stream) for player in players}
        self.bystander = Bystander("degradation")
        self._arguments = aiokafka_arguments(settings)
        self._stop = asyncio.Event()
        self._heard = begun

    async def run(self, exit_when_told: bool) -> int:
        """Play, listen and judge."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        listening = asyncio.create_task(self._listen())
        playing = asyncio.gather(
            *(player.play(self._arguments, self.topics.records) for player in self.players)
        )
        try:
            missing = await self._until_told(playing)
            self._close(missing)
            if not exit_when_told and not self._stop.is_set():
                await self._stay()
        finally:
            for task in (playing, listening):
                task.cancel()
            await asyncio.gather(playing, listening, return_exceptions=True)
        return 1 if missing else 0

    async def _until_told(self, playing: asyncio.Future[Any]) -> list[str]:
        """Wait until the story is told or cannot be; what is missing of it."""
        played = None
        while True:
            missing = unmet(self.chapters["opv"], self.chapters["hplc"])
            if playing.done():
                playing.result()
                played = played or time.monotonic()
                news_until = max(played, self._heard) + PATIENCE_SECONDS
                if not missing or time.monotonic() > min(news_until, played + LONGEST_SECONDS):
                    return missing
            if self._stop.is_set():
                return missing
            for death in self.workers.poll():
                self.say(None, f"[red]{death.text}[/]")
                self.say(None, self.workers.last_words(death.name))
            await asyncio.sleep(0.3)

    async def _listen(self) -> None:
        """Tell what comes out of Kafka, in the order in which it is committed there."""
        topics = self.topics
        consumer = AIOKafkaConsumer(
            topics.records, topics.fidelity, topics.alerts, topics.regenerations,
            topics.batches, topics.progress,
            **self._arguments,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            group_id=None,
        )  # fmt: skip
        await consumer.start()
        try:
            async for raw in consumer:
                self._tell(raw)
        finally:
            await close(consumer)

    def _tell(self, raw: Any) -> None:
        try:
            message = self._message(raw.topic, raw.value)
        except MessageError as error:
            self.say(None, f"[red]a message on {raw.topic} cannot be read: {error}[/]")
            return
        if isinstance(message, ExperimentRecord):
            if message.stream == "opv":
                self.bystander.see(float(message.values["degradation"] or 0.0))
            return
        self._heard = time.monotonic()
        chapter = self.chapters[message.stream]  # type: ignore[attr-defined]  # all of these have a stream
        for sentence in chapter.hear(message):
            self.say(chapter.stream, sentence)
        if chapter.stream == "opv" and message in chapter.drifts:
            self.say("opv", f"{self.bystander.text}.")

    def _message(self, topic: str, value: bytes) -> Message:
        topics = self.topics
        simple: Mapping[str, type[Message]] = {
            topics.records: ExperimentRecord,
            topics.fidelity: FidelityReport,
            topics.alerts: Alert,
            topics.batches: SyntheticBatch,
            topics.progress: TrainingProgress,
        }
        if topic in simple:
            return simple[topic].from_bytes(value)
        return read_regeneration(value)

    def _close(self, missing: list[str]) -> None:
        """Say how it ended."""
        skill = skills(self.chapters["opv"])
        if skill is not None:
            old, new = skill
            self.say(
                "opv",
                f"[bold]skill on new records[/]: {old:.2f} with a model trained on the old batch, "
                f"{new:.2f} with one trained on the new batch",
            )
        self.say("opv", f"{self.bystander.text}.")
        reports = self.chapters["hplc"].reports
        if reports:
            self.say("hplc", f"the lamp has aged: {reports[-1].forecast}")
        if missing:
            self.say(None, "[bold red]The story did not go as it should.[/] It lacks:")
            for part in missing:
                self.say(None, f"  - {part}")
            self.say(None, f"What the workers said stands in {self.settings.data / 'logs'}.")
        else:
            took = time.monotonic() - self.begun
            self.say(None, f"[bold green]The story is told[/], in {took:.0f} s.")

    async def _stay(self) -> None:
        page = f"http://{self.settings.web_host}:{self.settings.web_port}/"
        self.say(None, f"The workers stay up: live page {page} . Ctrl-C ends it all.")
        while not self._stop.is_set():
            self.workers.poll()
            await asyncio.sleep(0.3)

    def say(self, stream: str | None, text: str) -> None:
        """One line of the story, with the seconds since the beginning."""
        seconds = time.monotonic() - self.begun
        name = "" if stream is None else f"[{_COLOURS[stream]}]{stream:>4}[/] "
        self.console.print(f"[dim]{seconds:5.1f} s[/] {name}{text}", soft_wrap=True)


def _introduce(console: Console, seed: int) -> None:
    console.print(
        "[bold]Halflife demo.[/] Two instruments send records through Apache Kafka:\n"
        "  [cyan]opv[/]   a robot line for organic solar cells: two real campaigns of 1,040 "
        f"records of the same compositions; at record {CHANGE:,} the donor polymer changes "
        "from PCE10 to WF3.\n"
        "  [magenta]hplc[/]  1,386 real runs of a liquid chromatograph; from record "
        f"{LAMP_FROM} on its lamp ages: [italic]simulated[/], peak_area loses "
        f"{LAMP_RATE:.2%} with each record.\n"
        f"The records are those of the package olymp, shuffled within each campaign (seed {seed}) "
        "and played fast: 5 and 12 minutes of the lab pass from one record to the next.\n"
        "What follows is told from what Halflife writes to Kafka.\n"
    )


def _empty_folder(settings: Settings) -> Path:
    """Where the demo keeps Kafka's log and the workers' words until the next demo."""
    folder = (settings.data / "demo").absolute()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _settings(folder: Path, stack: ExitStack, console: Console) -> Settings:
    """Settings of the machine, with a Kafka that runs and topics that are there and empty."""
    settings = Settings.from_environment(os.environ)
    updates: dict[str, Any] = {"data": folder}
    if settings.broker is None:
        console.print("[dim]starting Apache Kafka ...[/]")
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka", cache=settings.cache))
        updates["broker"] = kafka.address
    else:
        # A cluster that is used for more: the demo keeps to topics of its own.
        updates["topic_prefix"] = f"{settings.topic_prefix}.demo-{int(time.time())}"
    settings = settings.model_copy(update=updates)
    topics = TopicPlan.with_prefix(settings.topic_prefix)
    create_topics(
        settings, topics, partitions=settings.partitions, replication=settings.replication
    )
    return settings


def _workers(settings: Settings, folder: Path) -> Supervisor:
    environment = {
        **os.environ,
        "HALFLIFE_BROKER": settings.broker or "",
        "HALFLIFE_DATA": str(folder),
        "HALFLIFE_TOPIC_PREFIX": settings.topic_prefix,
    }
    commands = {
        "monitor worker": worker_command("monitor", folder / "lab.toml"),
        "generator worker": worker_command("generator", folder / "lab.toml"),
    }
    return Supervisor(commands, environment, folder / "logs")


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
