"""A service that is killed again and again, and one that is not: both must say the same."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import psutil

from halflife.streams.broker.embedded import EmbeddedKafka

from .ledger import Ledger
from .records import Script
from .service import Service, Worker

GOES_ON: Final = r"goes on at offset"
STARTS: Final = 60.0  # seconds for a worker to start and to take up its partitions
SETTLES: Final = 240.0  # seconds for all work to end after the last trouble
ORPHANS: Final = 10.0  # seconds for the children of a killed worker to end


@dataclass(frozen=True)
class Troubles:
    """How often each thing goes wrong.

    Args:
        kills: ``kill -9`` of a monitor worker at a random moment.
        joins: A second worker joins and later leaves: two rebalances each.
        generator_kills: ``kill -9`` of the generator worker, in training and publishing by turns.
        broker_restarts: Of the broker, by SIGKILL and in good order by turns.
    """

    kills: int
    joins: int
    generator_kills: int
    broker_restarts: int

    def events(self, rng: np.random.Generator) -> list[str]:
        """What happens to monitor workers and broker, in a random order."""
        events = ["kill"] * self.kills + ["join"] * self.joins
        events += ["broker"] * self.broker_restarts
        return [str(event) for event in rng.permutation(events)]


@dataclass
class Outcome:
    """What a run has left behind."""

    ledger: Ledger
    seconds: float
    done: Counter[str] = field(default_factory=Counter)
    orphans: list[psutil.Process] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


class Trial:
    """Runs one script of records through a service.

    Args:
        service: Whose workers run; its topics must be empty.
        script: The records.
        tell: Is called with what happens.
    """

    def __init__(
        self, service: Service, script: Script, *, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.service = service
        self.script = script
        self.tell = tell
        self.done: Counter[str] = Counter()
        self.orphans: list[psutil.Process] = []

    def undisturbed(self) -> Outcome:
        """All records at once, and nothing goes wrong."""
        began = time.monotonic()
        generator = self.service.start("generator", "generator-1")
        monitor = self.service.start("monitor", "monitor-1")
        self._send(self.script.messages)
        self._settle([monitor, generator])
        return self._end([monitor, generator], began)

    def disturbed(self, troubles: Troubles, kafka: EmbeddedKafka, seed: int) -> Outcome:
        """Records come piece by piece, and between and within the pieces things go wrong."""
        began = time.monotonic()
        rng = np.random.default_rng(seed)
        events = troubles.events(rng)
        killer = _GeneratorKiller(self, troubles.generator_kills, seed)
        killer.start()
        monitor = self.service.start("monitor", "monitor-1")
        pieces = np.array_split(np.arange(len(self.script.messages)), len(events) + 1)
        try:
            for event, piece in zip(events, pieces, strict=False):
                self._send([self.script.messages[i] for i in piece])
                monitor = self._trouble(event, monitor, kafka, rng)
            self._send([self.script.messages[i] for i in pieces[-1]])
            self._settle([monitor])
        finally:
            killer.give_up.set()
            killer.join()
        # The last kill may have come when all seemed to be settled.
        self._settle([monitor, killer.worker])
        self.done += killer.done
        return self._end([monitor, killer.worker], began)

    def _trouble(
        self, event: str, monitor: Worker, kafka: EmbeddedKafka, rng: np.random.Generator
    ) -> Worker:
        self.done[event] += 1
        if event == "kill":
            return self._kill(monitor, rng)
        monitor.wait_for(GOES_ON, STARTS)
        if event == "broker":
            time.sleep(rng.uniform(0, 1.0))
            hard = self.done["broker"] % 2 == 1
            self.tell("the broker is killed" if hard else "the broker is restarted")
            kafka.kill() if hard else kafka.stop()
            kafka.start()
            return monitor
        self.tell("a second monitor worker joins, and leaves")
        second = self.service.start("monitor", "monitor-2")
        second.wait_for(GOES_ON, STARTS)
        time.sleep(rng.uniform(0, 1.5))
        self.done[f"exit {second.terminate()} of a worker that leaves"] += 1
        return monitor

    def _kill(self, monitor: Worker, rng: np.random.Generator) -> Worker:
        """At a random moment: one in five while it starts, the others while it works."""
        if rng.random() < 0.2:
            time.sleep(rng.uniform(0.0, 3.0))
        else:
            monitor.wait_for(GOES_ON, STARTS)
            time.sleep(rng.uniform(0.0, 2.0))
        self.tell("a monitor worker is killed")
        self.orphans += monitor.kill()
        return self.service.start("monitor", "monitor-1")

    def _send(self, messages: list[Any]) -> None:
        sender = self.service.producer()
        sender.send(messages)
        sender.close()

    def _settle(self, workers: list[Worker]) -> None:
        """Waits until nothing is left to do."""
        deadline = time.monotonic() + SETTLES
        while True:
            for worker in workers:
                ended = worker.process.poll()
                assert ended is None, f"{worker.name} ended, {ended}:\n{worker.said[-4000:]}"
            ledger = Ledger.glance(self.service)
            if ledger.settled:
                return
            if time.monotonic() > deadline:
                logs = "\n".join(f"{w.name}:\n{w.said[-3000:]}" for w in workers)
                places = {p: s and s["next_offset"] for p, s in ledger.states.items()}
                raise AssertionError(f"not settled: {places} of {ledger.ends}\n{logs}")
            time.sleep(1.0)

    def _end(self, workers: list[Worker], began: float) -> Outcome:
        statuses = [worker.terminate() for worker in workers]
        # After their end, so that what they write while they end counts too.
        ledger = Ledger.read(self.service)
        _, left = psutil.wait_procs(self.orphans, timeout=ORPHANS)
        return Outcome(ledger, time.monotonic() - began, self.done, left, statuses)


class _GeneratorKiller(threading.Thread):
    """Keeps a generator worker, and kills it in the middle of its work."""

    def __init__(self, trial: Trial, kills: int, seed: int) -> None:
        super().__init__(name="generator-killer", daemon=True)
        self.trial = trial
        self.kills = kills
        self.rng = np.random.default_rng([seed, 1])
        self.done: Counter[str] = Counter()
        self.give_up = threading.Event()
        self.worker = trial.service.start("generator", "generator-1")

    def finished(self) -> bool:
        """Whether all kills are done."""
        return self.done.total() >= self.kills

    def run(self) -> None:
        """Waits for a phase, then for a random while, and kills."""
        phases = ["training trees", "publishing"]
        while not self.finished() and not self.give_up.is_set():
            phase = phases[self.done.total() % 2]
            if phase not in self.worker.said:
                self.give_up.wait(0.01)
                continue
            time.sleep(self.rng.uniform(0, 0.1 if phase == "publishing" else 0.5))
            self.trial.tell(f"the generator worker is killed while {phase}")
            self.trial.orphans += self.worker.kill()
            self.done[f"generator kill while {phase}"] += 1
            self.worker = self.trial.service.start("generator", "generator-1")
