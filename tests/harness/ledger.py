"""All that a service has written, as ``read_committed`` sees it, for comparing two runs."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any, Final

from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.generator.log_reader import LogReader
from halflife.streams.monitor.snapshots import read_snapshot

from .records import PARTITIONS
from .service import Service

NOT_COMPARED: Final = {
    "created": "when it was written, by the clock on the wall",
    "seconds": "how long it took, by the clock on the wall",
    "cpu_seconds": "how long it took, by the clock of the processor",
    "attempts": "how often a training was begun: those that were killed count",
    "first_offset": "place in an output topic, where aborted transactions leave holes",
    "last_offset": "place in an output topic, where aborted transactions leave holes",
    "positions": "places in the topics of orders and outcomes, which have such holes too",
}
"""What may differ between two runs of the same records, by name, and why. Nothing else may."""


def comparable(data: Any) -> Any:
    """Plain data without what may differ."""
    if isinstance(data, dict):
        return {k: comparable(v) for k, v in data.items() if k not in NOT_COMPARED}
    if isinstance(data, list):
        return [comparable(item) for item in data]
    return data


class Ledger:
    """Everything in the topics of a service.

    ``doubles`` names each identity that is there more than once.
    """

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self.letters: Counter[tuple[Any, ...]] = Counter()
        self.doubles: list[str] = []
        self.states: dict[int, dict[str, Any] | None] = {}
        self.ends: dict[int, int] = {}

    @classmethod
    def read(cls, service: Service) -> Ledger:
        """Reads all topics of a service."""
        return asyncio.run(cls._read(service, everything=True))

    @classmethod
    def glance(cls, service: Service) -> Ledger:
        """Reads the states alone."""
        return asyncio.run(cls._read(service, everything=False))

    @classmethod
    async def _read(cls, service: Service, *, everything: bool) -> Ledger:
        ledger = cls()
        arguments = {"bootstrap_servers": service.broker}
        async with LogReader(arguments) as reader:
            if everything:
                await ledger._read_findings(service, reader)
            for partition in range(PARTITIONS):
                ledger.ends[partition] = await reader.end(service.topics.records, partition)
                ledger.states[partition] = await read_snapshot(
                    arguments, service.topics.snapshots, partition
                )
        return ledger

    async def _read_findings(self, service: Service, reader: LogReader) -> None:
        topics = service.topics

        async def values(topic: str) -> list[Any]:
            found: list[Any] = []
            for partition in range(PARTITIONS):
                end = await reader.end(topic, partition)
                if end:
                    found += await reader.read(topic, partition, first=0, last=end - 1)
            return found

        for name, topic, identity in (
            ("alert", topics.alerts, "alert_id"),
            ("fidelity report", topics.fidelity, "report_id"),
            ("batch manifest", topics.batches, "batch_id"),
            ("synthetic row", topics.synthetic, "record_id"),
            ("decision", topics.decisions, "command_id"),
        ):
            kept = self.found[name] = {}
            for message in await values(topic):
                self._file(kept, name, json.loads(message.value), identity)
        requests, outcomes = {}, {}
        for message in await values(topics.regenerations):
            said = json.loads(message.value)
            kept = requests if said["kind"] == "request" else outcomes
            self._file(kept, said["kind"], said, "request_id")
        self.found |= {"request": requests, "outcome": outcomes}
        for message in await values(topics.dead_letters):
            letter = DeadLetter.from_message(message.key, message.value, message.headers)
            place = (letter.partition, letter.offset)
            # Not its text: of a time in the future it says how far that is ahead of now.
            self.letters[*place, letter.reason, letter.path, letter.value] += 1

    def _file(self, kept: dict[str, Any], name: str, said: dict[str, Any], identity: str) -> None:
        if said[identity] in kept:
            self.doubles.append(f"{name} {said[identity]}")
        kept[said[identity]] = comparable(said)

    @property
    def streams(self) -> dict[str, dict[str, Any]]:
        """States of all streams."""
        return {
            name: state
            for part in self.states.values()
            for name, state in ({} if part is None else part["streams"]).items()
        }

    @property
    def settled(self) -> bool:
        """Whether all records are taken, and every request has its answer."""
        return all(
            (state["next_offset"] if state else 0) >= self.ends[partition]
            for partition, state in self.states.items()
        ) and all(
            state["desk"]["pending"] is None or state["desk"]["answered"]
            for state in self.streams.values()
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        counts = {name: len(kept) for name, kept in self.found.items()}
        return counts | {"dead letter": self.letters.total()}

    def differences(self, other: Ledger) -> list[str]:
        """In what two ledgers differ, in sentences; empty if in nothing."""
        told = []
        for name, kept in self.found.items():
            told += _compared(name, kept, other.found[name])
        told += [f"dead letter {k[:4]}: only here" for k in self.letters - other.letters]
        told += [f"dead letter {k[:4]}: only there" for k in other.letters - self.letters]
        mine = {str(p): comparable(s) for p, s in self.states.items()}
        theirs = {str(p): comparable(s) for p, s in other.states.items()}
        return told + _compared("state of partition", mine, theirs)


def _compared(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    told = [f"{name} {k}: only here: {_short(mine[k])}" for k in mine.keys() - theirs.keys()]
    told += [f"{name} {k}: only there: {_short(theirs[k])}" for k in theirs.keys() - mine.keys()]
    for key in sorted(mine.keys() & theirs.keys()):
        told += [f"{name} {key}{where}" for where in _deep(mine[key], theirs[key])]
    return told


def _deep(mine: Any, theirs: Any, path: str = "") -> list[str]:
    """Where two pieces of plain data differ."""
    if isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys():
        return [told for k in mine for told in _deep(mine[k], theirs[k], f"{path}.{k}")]
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        pairs = enumerate(zip(mine, theirs, strict=True))
        return [told for i, (a, b) in pairs for told in _deep(a, b, f"{path}[{i}]")]
    # Text tells floats apart to the last bit, and takes NaN for NaN.
    return [] if repr(mine) == repr(theirs) else [f"{path}: {_short(mine)} and {_short(theirs)}"]


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 300 else text[:300] + "…"
