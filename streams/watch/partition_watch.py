"""All streams of one partition: messages in, findings and dead letters out, in one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.messages import (
    Command,
    Message,
    RegenerationOutcome,
    SyntheticBatch,
)
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.schemas.window import ROWS_A_MESSAGE, address

from .decoder import Decoded, Decoder
from .duplicates import Duplicates
from .reject import RawMessage, Reject
from .rows import Rows
from .stream_state import restored_stream, state_key, stream_state
from .stream_watch import Steps, StreamWatch
from .work import Work

FORMAT: Final = 1


class PartitionWatch:
    """The state of one partition, and what its messages lead to.

    The state stands for all messages before ``next_offset``. When a stream has found something,
    or must wait for the outcome of a request, the messages behind its place are held, and
    ``next_offset`` stays: write down what was found, then ``proceed``.

    Args:
        plans: The streams of the lab, by name.
        partition: Number of the partition.
    """

    def __init__(self, plans: Mapping[str, StreamPlan], partition: int) -> None:
        self.plans = dict(plans)
        self.partition = partition
        self.next_offset = 0
        self.streams: dict[str, StreamWatch] = {}
        self.repeated: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.missing_offsets = 0
        self.touched: set[str] = set()
        self._decoder = Decoder(plans)
        self._duplicates: dict[str, Duplicates] = {}
        self._read = 0
        self._offsets = np.empty(0, np.int64)
        self._held: dict[str, tuple[Rows, NDArray[np.int64]]] = {}
        self._held_rejects: list[Reject] = []
        self._held_repeats: list[tuple[int, str]] = []
        self._rejects: list[Reject] = []

    @property
    def waiting(self) -> list[StreamWatch]:
        """The streams that wait for the outcome of a request."""
        return [watch for watch in self.streams.values() if watch.waiting]

    @property
    def holding(self) -> bool:
        """Whether messages are held until findings are written or a stream has its outcome."""
        return self.next_offset < self._read

    def feed(self, messages: Sequence[RawMessage]) -> Generator[Work, Any, None]:
        """Take the next messages; those already taken are left out.

        Raises:
            RuntimeError: If messages are held: their outcome must come first.
        """
        if self.holding:
            raise RuntimeError(f"partition {self.partition}: messages are held at a request")
        fresh = [message for message in messages if message.offset >= self.next_offset]
        if not fresh:
            return
        end = fresh[-1].offset + 1
        self._offsets = np.array([message.offset for message in fresh], np.int64)
        self._read = end
        self._hold(self._decoder.decode(fresh))
        yield from self.proceed()

    def proceed(self) -> Generator[Work, Any, None]:
        """Take what is held, as far as nothing is found and no stream must wait."""
        cut = address(self._read)
        for name, (rows, repeats) in list(self._held.items()):
            self.touched.add(name)
            done = yield from self._stream(name).feed(rows, repeats)
            if done < len(rows):
                cut = min(cut, int(rows.addresses[done]))
                self._held[name] = rows[done:], repeats
            else:
                del self._held[name]
        self._settle(cut)

    def answer(
        self, outcome: RegenerationOutcome | None, block: Block | None, stream: str
    ) -> Steps:
        """The outcome of a stream's request, with the rows of the batch if it was promoted."""
        if stream in self.streams:
            self.touched.add(stream)
            yield from self.streams[stream].answer(outcome, block)

    def order(self, command: Command) -> Steps:
        """What a person wants of a stream; nothing for a stream that has no record yet."""
        if command.stream in self.streams:
            self.touched.add(command.stream)
            yield from self.streams[command.stream].order(command)

    @property
    def found(self) -> bool:
        """Whether something was found that is not yet taken."""
        return any(watch.found for watch in self.streams.values())

    def take_findings(self) -> list[Message]:
        """What was found since the last call, stream by stream."""
        return [found for watch in self.streams.values() for found in watch.take_findings()]

    def take_rejects(self) -> list[Reject]:
        """What goes to the dead letters since the last call, in order."""
        taken, self._rejects = self._rejects, []
        return taken

    # Snapshots

    def state(self) -> dict[str, Any]:
        """What all messages before ``next_offset`` have led to, as plain data."""
        streams = {name: stream_state(w) for name, w in sorted(self.streams.items())}
        return {**self.head(), "streams": streams}

    def head(self) -> dict[str, Any]:
        """The state without the streams."""
        return {
            "format": FORMAT,
            "partition": self.partition,
            "next_offset": self.next_offset,
            "repeated": dict(sorted(self.repeated.items())),
            "rejected": dict(sorted(self.rejected.items())),
            "missing_offsets": self.missing_offsets,
            "duplicates": self._lookback(),
        }

    def take_touched(self) -> dict[str, dict[str, Any]]:
        """States of the streams that may have changed since the last call."""
        names, self.touched = sorted(self.touched & self.streams.keys()), set()
        return {name: stream_state(self.streams[name]) for name in names}

    def restore(self, state: Mapping[str, Any]) -> list[str]:
        """Go on from a state; ``refill`` must follow.

        Returns:
            Streams whose part of the lab file has changed, or the shape of states: they begin anew.

        Raises:
            ValueError: For a state of another format.
        """
        if state["format"] != FORMAT:
            raise ValueError(f"a snapshot of format {state['format']}; this is {FORMAT}")
        self.next_offset = self._read = state["next_offset"]
        self.repeated = Counter(state["repeated"])
        self.rejected = Counter(state["rejected"])
        self.missing_offsets = state["missing_offsets"]
        changed = []
        for name, part in state["streams"].items():
            plan = self.plans.get(name)
            if plan is None:
                continue
            if part["key"] != state_key(plan):
                changed.append(name)
                continue
            self.streams[name] = restored_stream(plan, self.partition, part)
        return changed

    def needed(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """First offset that has to be read again after ``restore``, and the one behind the last."""
        first, end = [self.next_offset, *state["duplicates"].values()], [self.next_offset]
        for name in self.streams:
            memory = state["streams"][name]["memory"]
            if memory["rows"]:
                first.append(memory["first"] // ROWS_A_MESSAGE)
                end.append(memory["last"] // ROWS_A_MESSAGE + 1)
        return min(first), max(end)

    def batches(self) -> list[tuple[str, SyntheticBatch]]:
        """The batches whose rows are needed after ``restore``, each with its stream."""
        found = []
        for name, watch in self.streams.items():
            if watch.circulation is not None:
                found.append((name, watch.circulation.batch))
            if watch.held is not None:
                found.append((name, watch.held.batch))
            outcome = watch.desk.outcome
            if outcome is not None and outcome.batch is not None:
                found.append((name, outcome.batch))
            known = {batch.batch_id for _, batch in found}
            earlier = watch.provenance.manifests
            found += [(name, batch) for batch in earlier if batch.batch_id not in known]
        return found

    def refill(
        self, state: Mapping[str, Any], messages: Sequence[RawMessage], blocks: Mapping[str, Block]
    ) -> dict[str, int]:
        """Take back what stands in the log.

        Args:
            state: That was restored.
            messages: All that are ``needed``.
            blocks: Rows of the ``batches``, by ``batch_id``; a batch whose rows are gone is no
                longer in circulation.

        Returns:
            Rows that are gone from the log, by stream, where there are any.
        """
        decoded = self._decoder.decode(messages)
        before = address(self.next_offset)
        gone = {}
        for name, rows in decoded.rows.items():
            known = rows.addresses < before
            self._repeats_of(name).repeats(
                [i for i, k in zip(rows.ids, known.tolist(), strict=True) if k],
                rows.addresses[known],
            )
        for name, watch in self.streams.items():
            rows = decoded.rows.get(name, Rows.empty(watch.plan.table))
            lost = watch.memory.refill(state["streams"][name]["memory"], [rows])
            if lost:
                gone[name] = lost
            watch.take_blocks(blocks)
        return gone

    # Inside

    def _stream(self, name: str) -> StreamWatch:
        if name not in self.streams:
            self.streams[name] = StreamWatch(self.plans[name], self.partition)
        return self.streams[name]

    def _repeats_of(self, name: str) -> Duplicates:
        if name not in self._duplicates:
            self._duplicates[name] = Duplicates()
        return self._duplicates[name]

    def _lookback(self) -> dict[str, int]:
        """Where the records begin that those from ``next_offset`` on may repeat, by stream."""
        firsts = {
            name: known.first(self.next_offset) for name, known in sorted(self._duplicates.items())
        }
        return {name: first for name, first in firsts.items() if first < self.next_offset}

    def _hold(self, decoded: Decoded) -> None:
        """File what was decoded, repeats apart, until its streams take it."""
        for name, rows in decoded.rows.items():
            twice = self._repeats_of(name).repeats(rows.ids, rows.addresses)
            repeats = rows.addresses[twice]
            self._held_repeats += [(place, name) for place in repeats.tolist()]
            kept = rows[~twice] if len(repeats) else rows
            self._held[name] = kept, repeats
        self._held_rejects += decoded.rejects

    def _settle(self, cut: int) -> None:
        """Everything before an address is done: count it and let its rejects out."""
        # A message is done as a whole: its first rows are left out when it comes again.
        begun, self.next_offset = self.next_offset, cut // ROWS_A_MESSAGE
        done = int(np.searchsorted(self._offsets, self.next_offset))
        self._offsets = self._offsets[done:]
        # Kafka's own markers leave holes as well, so a hole is counted and shown, not an error.
        self.missing_offsets += self.next_offset - begun - done
        cut = address(self.next_offset)
        out = [reject for reject in self._held_rejects if reject.address < cut]
        self._held_rejects = [reject for reject in self._held_rejects if reject.address >= cut]
        self._rejects += out
        self.rejected.update(reject.error.reason for reject in out)
        self.repeated.update(name for place, name in self._held_repeats if place < cut)
        self._held_repeats = [held for held in self._held_repeats if held[0] >= cut]
