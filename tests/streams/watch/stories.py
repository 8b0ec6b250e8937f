"""Streams, raw messages and a driver: what the tests of the engine share."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from halflife.generators import create
from halflife.monitors import Gate, TooFewRows
from halflife.schemas.control import Command
from halflife.schemas.lab import Lab
from halflife.schemas.messages import (
    RegenerationOutcome,
    RegenerationRequest,
    SyntheticBatch,
)
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.schemas.window import address
from halflife.streams.watch.decoder import Decoder
from halflife.streams.watch.identity import derived_seed, identity
from halflife.streams.watch.partition_watch import PartitionWatch
from halflife.streams.watch.rows import Rows
from halflife.streams.watch.stream_watch import StreamWatch
from halflife.streams.watch.work import (
    Work,
    fit_reference,
    learn_provenance,
    measure_fidelity,
    measure_utility,
)

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
OPV_COLUMNS = ("mat_1", "mat_2", "mat_3", "mat_4", "degradation")

PROMISES = """
false_alarms = "1 per 10000 records"
reference = 120
min_rows = 110
rows = 150
tick = 80
window = 100
generator = "trees"
"""
OPV = """
[stream.{name}]
target = "degradation"
{promises}
[stream.{name}.column]
mat_1 = {{ role = "set-point", min = 0, max = 1 }}
mat_2 = {{ role = "set-point", min = 0, max = 1 }}
mat_3 = {{ role = "set-point", min = 0, max = 1 }}
mat_4 = {{ role = "set-point", min = 0, max = 1 }}
degradation = {{ role = "measured", min = 0 }}
[[stream.{name}.law]]
sum = ["mat_1", "mat_2", "mat_3", "mat_4"]
equals = 1
"""


def lab(name: str = "opv", promises: str = PROMISES) -> str:
    """A stream of the robot line for organic solar cells, as TOML."""
    return OPV.format(name=name, promises=promises)


def plans(text: str) -> dict[str, StreamPlan]:
    return dict(Lab.parse(text).streams)


@functools.cache
def campaign(name: str, seed: int) -> pd.DataFrame:
    """One campaign of the package ``olymp``, in a seeded shuffle."""
    found = importlib.util.find_spec("olympus")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "datasets" / f"dataset_{name}" / "data.csv"
    frame = pd.read_csv(path, header=None, names=list(OPV_COLUMNS))
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def opv_values(before: int, after: int, seed: int) -> list[dict[str, Any]]:
    """Records of one donor polymer, then of the other."""
    frames = campaign("photo_pce10", seed)[:before], campaign("photo_wf3", seed + 100)[:after]
    return [
        {str(name): cell for name, cell in row.items()}
        for row in pd.concat(frames).to_dict("records")
    ]


@dataclass(frozen=True)
class Raw:
    """A message as a Kafka client gives it."""

    offset: int
    value: bytes | None
    key: bytes | None = b"opv"
    timestamp: int = 4_102_444_800_000  # in 2100: no record of the stories is ahead of it
    headers: tuple[tuple[str, bytes], ...] = ()


def text_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def fields(
    values: Mapping[str, Any], *, name: str, stream: str = "opv", time: str = text_time(START)
) -> dict[str, Any]:
    """A record's fields."""
    return {
        "stream": stream,
        "record_id": name,
        "time": time,
        "instrument": "robot",
        "values": dict(values),
    }


def raw(offset: int, record: Any, **more: Any) -> Raw:
    return Raw(offset, orjson.dumps(record), **more)


def rows_from(plan: StreamPlan, values: Sequence[Mapping[str, Any]], first: int = 0) -> Rows:
    """Rows one hour apart, at the offsets from ``first`` on."""
    places = np.array([address(first + i) for i in range(len(values))], np.int64)
    times = START + 3600.0 * np.arange(first, first + len(values))
    ids = [f"r{i}" for i in range(first, first + len(values))]
    return Rows(Block.from_rows(plan.table, values), places, times, ids)


# Heavy work, done once for each distinct question: the functions are pure.


class Heavy:
    """Runs the work that steps ask for, and remembers the answers by the bytes of the question."""

    def __init__(self) -> None:
        self.known: dict[object, Any] = {}

    def drive(self, steps: Generator[Work, Any, Any]) -> Any:
        result: Any = None
        while True:
            try:
                work = steps.send(result)
            except StopIteration as end:
                return end.value
            assert work.function in {
                fit_reference,
                learn_provenance,
                measure_fidelity,
                measure_utility,
            }
            key = (work.function, *(_key(argument) for argument in work.arguments))
            if key not in self.known:
                self.known[key] = work.run()
            # A pool hands over a copy: nothing may hang on the identity of the object.
            result = orjson.loads(orjson.dumps(self.known[key]))

    def outcome(
        self, plan: StreamPlan, request: RegenerationRequest, rows: Rows, champion: Block | None
    ) -> tuple[RegenerationOutcome, Block | None]:
        """A real challenger for a request, judged by the real gate."""
        key = ("outcome", request.to_bytes(), rows.block.digest())
        if key not in self.known:
            self.known[key] = _train(plan, request, rows, champion)
        known: tuple[RegenerationOutcome, Block | None] = self.known[key]
        return known


def _key(argument: Any) -> object:
    if isinstance(argument, Block):
        return argument.digest(), argument.numbers.tobytes()
    if isinstance(argument, tuple):
        return tuple(map(_key, argument))
    if isinstance(argument, dict):
        return orjson.dumps(argument)
    return getattr(argument, "digest", argument)


def _train(
    plan: StreamPlan, request: RegenerationRequest, rows: Rows, champion: Block | None
) -> tuple[RegenerationOutcome, Block | None]:
    held = rows.holdout(plan.holdout)
    known, unseen = rows.block[~held], rows.block[held]
    generator = create(plan.generator, plan.table)
    generator.fit(known, seed=derived_seed(request.seed, "fit"))
    batch = generator.sample(plan.rows, seed=derived_seed(request.seed, "sample"))
    gate = Gate(plan.table, seed=derived_seed(request.seed, "gate"))
    answer = {
        "request_id": request.request_id,
        "stream": plan.name,
        "cause": request.cause,
        "attempts": 1,
        "seconds": 0.0,
        "created": request.time,
    }
    try:
        verdict = gate.judge(
            challenger=batch,
            champion=champion,
            train=known,
            holdout=unseen,
            stale=request.cause in {"drift", "fidelity"},  # as the generator worker has it
        )
    except TooFewRows as error:
        failed = {"outcome": "failed", "batch": None, "verdict": None, "text": str(error)}
        return RegenerationOutcome.checked({**answer, **failed}), None
    manifest = SyntheticBatch(
        batch_id=identity(request.request_id, batch.digest()),
        stream=plan.name,
        request_id=request.request_id,
        generator=generator.name,
        model_id=identity(request.request_id, "model"),
        rows=len(batch),
        seed=request.seed,
        window=request.window,
        trained_on=len(known),
        gate=verdict.to_dict(),
        created=request.time,
        digest=batch.digest(),
        plan=plan.digest,
        partition=0,
        first_offset=0,
        last_offset=len(batch) - 1,
    )
    said = {
        "outcome": verdict.outcome,
        "more_records": verdict.more_records,
        "batch": manifest if verdict.promoted else None,
        "verdict": verdict.to_dict(),
        "text": verdict.reason,
    }
    outcome = RegenerationOutcome.checked({**answer, **said})
    return outcome, batch if verdict.promoted else None


@dataclass
class Told:
    """All that came out of a run."""

    findings: dict[str, list[dict[str, Any]]]
    rejects: list[tuple[int, str, str, bytes]]
    state: bytes


class Player:
    """Plays a log through a partition's engine, as the monitor worker does.

    Args:
        plans: Of the streams.
        log: The messages of the partition, whole.
        heavy: Does the work.
        early: Whether outcomes are given as soon as they are asked for, or when all waits.
        orders: Commands by the offset before which they come.
    """

    def __init__(
        self,
        plans: Mapping[str, StreamPlan],
        log: Sequence[Raw],
        heavy: Heavy,
        *,
        early: bool = False,
        orders: Mapping[int, Command] | None = None,
    ) -> None:
        self.plans = dict(plans)
        self.log = list(log)
        self.heavy = heavy
        self.early = early
        self.orders = dict(orders or {})
        self.watch = PartitionWatch(plans, 0)
        self.batches: dict[str, Block] = {}
        self.findings: dict[str, list[dict[str, Any]]] = {name: [] for name in plans}
        self.rejects: list[tuple[int, str, str, bytes]] = []

    def play(self, cuts: Iterable[int] = (), stops: Iterable[int] = ()) -> Told:
        """Everything, in blocks that end at ``cuts``, with a restart at each of ``stops``.

        Cuts and stops are places in the log; a stop happens after the first block that reaches it.
        """
        due = sorted(set(stops))
        ends = sorted({*cuts, *due, *(self._places(self.orders)), len(self.log)})
        begin = 0
        for end in ends:
            if begin < len(self.log) and self.log[begin].offset in self.orders:
                self.heavy.drive(self.watch.order(self.orders[self.log[begin].offset]))
                self._collect()
            self._feed(self.log[begin:end], restart=bool(due) and due[0] <= end)
            if due and due[0] <= end:
                due = [stop for stop in due if stop > end]
                self.restart()
            begin = end
        assert not self.watch.holding
        self.answer(early=True)  # also what takes effect only after the end of the log
        return Told(self.findings, self.rejects, orjson.dumps(self.watch.state()))

    def _places(self, offsets: Iterable[int]) -> list[int]:
        known = [message.offset for message in self.log]
        return [known.index(offset) for offset in offsets]

    def _feed(self, messages: Sequence[Raw], *, restart: bool) -> None:
        self.heavy.drive(self.watch.feed(messages))
        self._collect()
        while self.watch.holding or self.watch.waiting:
            if restart:  # while something is held or waited for, as a worker that is killed then
                restart = False
                self.restart()
                self.heavy.drive(self.watch.feed(messages))
                self._collect()
            self.answer()
            self.heavy.drive(self.watch.proceed())
            self._collect()

    def _collect(self) -> None:
        for found in self.watch.take_findings():
            self.findings[found.stream].append(found.model_dump(mode="json"))  # type: ignore[attr-defined]  # all findings have a stream
        for reject in self.watch.take_rejects():
            error = reject.error
            self.rejects.append((reject.address, error.reason, error.path, reject.value))
        if self.early and self.answer(early=True):
            self._collect()

    def answer(self, *, early: bool = False) -> bool:
        """Outcomes for the streams that wait for one, or for all that have asked; if any did."""
        answered = False
        for name, watch in self.watch.streams.items():
            request = watch.desk.pending
            if request is None or watch.desk.answered or not (early or watch.waiting):
                continue
            outcome, block = self._outcome(watch, request)
            if outcome is not None and outcome.batch is not None and block is not None:
                self.batches[outcome.batch.batch_id] = block
            self.heavy.drive(self.watch.answer(outcome, block, name))
            answered = True
        return answered

    def _outcome(
        self, watch: StreamWatch, request: RegenerationRequest
    ) -> tuple[RegenerationOutcome | None, Block | None]:
        window = request.window
        messages = [m for m in self.log if window.first <= m.offset <= window.last]
        rows = Decoder({watch.plan.name: watch.plan}).decode(messages).rows[watch.plan.name]
        rows = rows[np.array([window.holds(a) for a in rows.addresses.tolist()], dtype=np.bool_)]
        assert len(rows) == window.count
        assert rows.block.digest() == window.digest
        champion = request.champion and self.batches[request.champion.batch_id]
        return self.heavy.outcome(watch.plan, request, rows, champion)

    def restart(self, *, log_from: int = 0, batches: bool = True) -> dict[str, int]:
        """What a worker does that is killed after a commit; rows that were gone."""
        state = orjson.loads(orjson.dumps(self.watch.state()))
        self.watch = PartitionWatch(self.plans, 0)
        self.watch.restore(state)
        first, end = self.watch.needed(state)
        messages = [m for m in self.log if max(first, log_from) <= m.offset < end]
        kept = self.batches if batches else {}
        blocks = {b.batch_id: kept[b.batch_id] for _, b in self.watch.batches() if kept}
        return self.watch.refill(state, messages, blocks)


def same(one: Told, other: Told) -> None:
    """Both runs said the same and ended the same, bit for bit."""
    assert one.rejects == other.rejects
    for name, found in one.findings.items():
        assert [_short(f) for f in found] == [_short(f) for f in other.findings[name]]
        assert found == other.findings[name]
    assert orjson.loads(one.state) == orjson.loads(other.state)
    assert one.state == other.state


def _short(found: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(found.get(k) for k in ("kind", "status", "cause", "record", "offset", "text"))
