"""The life of one stream: warming up, watched, changed, and the batches that circulate."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from halflife.monitors import DriftAlarm, RecipeNote
from halflife.schemas.messages import Command, FidelityReport, Message, RegenerationOutcome
from halflife.schemas.regeneration import Cause
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block

from .alert_book import BATCH_KINDS, CHANGE_KINDS, AlertBook, drift_evidence
from .circulation import Circulation
from .decide import decide, drop, hold, is_answered, take_held
from .following import follow, leaves_at, succeed
from .identity import derived_seed
from .memory import Memory
from .moment import Moment
from .pace import Pace
from .provenance import Provenance
from .request_desk import RequestDesk
from .rows import Rows
from .stream_drift import StreamDrift
from .stretches import Stretches
from .ticks import FAR, Ticks
from .work import Work

Phase = Literal["warming", "watched", "changed"]
Steps = Generator[Work, Any, None]


class StreamWatch:
    """What the records of one stream lead to: alerts, fidelity reports, regeneration requests.

    It does no I/O and knows no clock. ``feed`` takes rows and yields the heavy ``Work`` that is
    due; its driver sends the result back. Everything that is found follows from the records in
    their order, never from how they were cut into blocks.

    Where records name recipes, each recipe has its own reference. After a change in one of them
    the others are watched as before, and its own reference begins again; phase, epoch and batch
    are of the stream as a whole.

    Args:
        plan: The stream as the lab file declares it.
        partition: The partition that it lives in.
    """

    def __init__(self, plan: StreamPlan, partition: int) -> None:
        self.plan = plan
        self.table = plan.table
        self.records = 0
        self.last_address = -1
        self.watermark = 0.0
        self.missing = dict.fromkeys(self.table.names, 0)
        self.phase: Phase = "warming"
        self.epoch = 0
        self.epoch_start = self.epoch_before = 0
        self.drift = StreamDrift(plan)
        self.change: dict[str, Any] | None = None
        self.circulation: Circulation | None = None
        self.ticks = Ticks(every=plan.tick, interval=plan.tick_interval)
        self.desk = RequestDesk(plan)
        self.wanted: tuple[Cause, str] | None = None
        self.next_try = FAR
        self.ordered: str | None = None
        self.approved, self.learn_at = False, 0
        self.held: Circulation | None = None
        self.faults = Stretches()
        self.alerts = AlertBook()
        self.provenance = Provenance(plan)
        self.pace = Pace(plan)
        capacity = max(plan.reference, plan.min_rows, plan.window_rows)
        # A batch takes effect ``grace`` records after its window: that is still known then.
        self.memory = Memory(self.table, partition, capacity + plan.grace)
        self._findings: list[Message] = []

    # What the driver calls

    def feed(self, rows: Rows, repeats: NDArray[np.int64]) -> Generator[Work, Any, int]:
        """Take rows until something is found or an outcome must be waited for; how many.

        What is found should be written down before the rest is looked at, which may take long.
        Rows at or before the last one taken count as taken and change nothing.

        Args:
            rows: The next records of the stream, without repeats.
            repeats: Addresses of the repeats that stood among them.
        """
        done = int(np.searchsorted(rows.addresses, self.last_address, side="right"))
        repeats = repeats[repeats > self.last_address]
        while done < len(rows) and not (self.waiting or self.found):
            accused = self.provenance.first(rows, done)
            if accused == done:
                done += self._leave_out(rows, done, repeats)
                continue
            rest = rows[done:accused]
            done += self._take(self.pace.look(rest[: self._room(rest)]))
            self.memory.note_repeats(repeats[repeats < self.last_address])
            yield from self._due()
        end = rows.addresses[done] if done < len(rows) else FAR
        self.memory.note_repeats(repeats[repeats < end])
        return self.provenance.taken(rows, done)

    @property
    def waiting(self) -> bool:
        """Whether the next record must wait for the outcome of a request."""
        return self.desk.waits(self.records)

    def answer(self, outcome: RegenerationOutcome | None, block: Block | None) -> Steps:
        """The outcome of the pending request (None: nobody answers); it takes effect in its time.

        Args:
            outcome: What became of the request; one of another request changes nothing.
            block: The rows of the batch, if it was promoted.
        """
        if self.desk.answer(outcome, block):
            yield from self._due()

    def order(self, command: Command) -> Steps:
        """Carry out what a person wants, and say what came of it."""
        self.say([(yield from decide(self, command))])
        yield from self._due()

    def take_blocks(self, blocks: Mapping[str, Block]) -> None:
        """The rows of its batches, by ``batch_id``, read again after a restart.

        A batch whose rows are gone is no longer in circulation, and another is asked for.
        """
        self.desk.take_block(blocks)
        self.provenance.take_blocks(blocks)
        take_held(self, blocks)
        if self.circulation is None:
            return
        self.circulation.block = blocks.get(self.circulation.batch.batch_id)
        if self.circulation.block is None:
            self.circulation = None
            if self.phase == "watched":
                self.wanted = ("first", "the rows of the batch are gone from the log")
                self.next_try = self.records + 1

    @property
    def found(self) -> bool:
        """Whether something was found that is not yet taken."""
        return bool(self._findings)

    def take_findings(self) -> list[Message]:
        """What was found since the last call, in order."""
        found, self._findings = self._findings, []
        return found

    @property
    def drift_seed(self) -> int:
        """Of the drift monitor of this epoch."""
        return self._seed("drift")

    # One piece of rows in which nothing is due before its end

    def _room(self, rows: Rows) -> int:
        """How many of the rows may be taken before something is due; at least one."""
        at, due = self.records, (self.provenance.due, self.pace.due, self.desk.guard.due)
        stops = *due, self.next_try, self.reference_stop(), self.desk.effect or FAR, FAR
        room = min(stop for stop in stops if stop > at) - at
        if self.circulation is not None:
            room = min(room, self.ticks.room(rows.times, records=at, seconds=self.watermark))
        room = max(1, min(room, self.drift.room(rows)))
        return min(room, leaves_at(self, rows[:room]) - at)

    def reference_stop(self) -> int:
        """Number of records at which a reference is complete."""
        if self.phase == "changed":
            return max(self.learn_at, self.epoch_start + self.plan.min_rows)
        if self.phase == "warming" or self.drift.reference_rows < self.plan.reference:
            return max(self.learn_at, self.epoch_start + self.plan.reference)
        return FAR

    def _take(self, rows: Rows) -> int:
        """Remember rows and watch them for drift, up to the first fault; how many were taken."""
        rows, fault, asides = self.drift.take(rows, self.records)
        for index, aside in asides:
            moment = rows.moment(index, after=self.moment())
            if isinstance(aside, DriftAlarm):
                self.say(self.alerts.planner_moved(aside, moment, self.drift.start))
            else:
                self._inform(aside, moment)
        self.say(self.pace.take(rows, self.moment(), self.alerts))
        self._remember(rows)
        if fault is not None:
            self._changed(fault)
        return len(rows)

    def _remember(self, rows: Rows) -> None:
        self.memory.append(rows)
        self.records += len(rows)
        self.last_address = int(rows.addresses[-1])
        self.watermark = max(self.watermark, float(rows.times.max()))
        for name in self.table.names:
            self.missing[name] += rows.block.missing(name)

    def _leave_out(self, rows: Rows, place: int, repeats: NDArray[np.int64]) -> int:
        """A synthetic row that came back counts as taken, and nothing will stand on it; one."""
        self.last_address = int(rows.addresses[place])
        self.memory.note_repeats(np.append(repeats[repeats < self.last_address], self.last_address))
        self.provenance.accuse(rows, place, self.records)
        self.say(self.provenance.tell(self.alerts, self.moment()))
        return 1

    # What is due at the end of a piece

    def _due(self) -> Steps:
        """Everything that is due at this record, in a fixed order."""
        if self.waiting:
            return
        if self.desk.effect is not None and self.records >= self.desk.effect:
            self._apply_outcome()
            yield from self.provenance.learn(self.circulation, self.memory)
        self.say(self.provenance.tell(self.alerts, self.moment()))
        self.say(self.pace.proceed(self.memory, self.moment(), self.alerts))
        self.say(self.desk.guard.proceed(self.records, self.moment(), self.alerts))
        yield from self._recipes_due()
        yield from follow(self)
        if self.records >= self.reference_stop():
            if not self.asks_first:
                yield from self.learn_reference()
            elif self.held is None and (self.next_try == FAR or self.records >= self.next_try):
                self._request("drift", self._since_change(), self.epoch_rows())
                self.next_try = self.records + max(1, self.plan.cooldown_records)
        circulation = self.circulation
        if circulation and self.ticks.is_due(records=self.records, seconds=self.watermark):
            yield from self._tick_due(circulation)
        if self.wanted is not None and self.phase == "watched" and self.records >= self.next_try:
            self._want(*self.wanted)
        if self.ordered is not None and self.phase == "watched":
            text = f"asked for by hand: {self.ordered}"
            if self._request("hand", text, self.epoch_rows()):
                self.ordered = None

    @property
    def asks_first(self) -> bool:
        """Whether a person must say first that the change is no fault."""
        return self.phase == "changed" and self.plan.on_drift == "ask" and not self.approved

    def learn_reference(self) -> Steps:
        """Fit the reference that is complete, and ask for the batch that goes with it."""
        was, rows = self.phase, self.epoch_rows()
        too_short = yield from self.drift.learn(rows, records=self.records, seed=self.drift_seed)
        self.phase = "watched"
        self.say(self.desk.guard.begin(rows, self.moment(), self.alerts, anew=was != "watched"))
        if too_short is None:
            text = f"a reference of {len(rows)} records suffices"
            self.say(self.alerts.resolve("reference-too-short", text, self.moment()))
        else:
            # A longer reference is tried when the epoch has one; until then there is no drift.
            text, evidence = f"drift is not watched yet: {too_short}", {"rows": len(rows)}
            self.say(self.alerts.fire("reference-too-short", text, self.moment(), evidence))
        yield from self._recipes_due()
        if was == "warming":
            self._want("first", f"the first {len(rows)} records are the reference")
        elif was == "changed" and self.ordered is None and not is_answered(self):
            self._want("drift", self._since_change())

    def _since_change(self) -> str:
        rows = len(self.epoch_rows())
        return f"{rows} records since the change at {self.epoch_start}"

    def _recipes_due(self) -> Steps:
        """Learn the references of recipes that are complete, and say what became known."""
        self._inform((yield from self.drift.learn_due()), self.moment())

    def _inform(self, notes: list[RecipeNote], moment: Moment) -> None:
        if notes:
            self.say(self.alerts.inform(notes, moment, is_settled=self.drift.is_settled))

    def _tick_due(self, circulation: Circulation) -> Steps:
        """Measure the batch in circulation on the latest real rows that it has not seen."""
        self.ticks.begin(records=self.records, seconds=self.watermark)
        report = yield from circulation.tick(
            self.memory,
            self.plan,
            self.moment(),
            seed=self._seed("fidelity", circulation.batch.batch_id),
            since=None if self.change is None else self.known(self.epoch_start),
        )
        if report is not None:
            self._judged(report)

    def _judged(self, report: FidelityReport) -> None:
        """Say a report, and ask for a challenger if it is time."""
        moment = self.moment()
        self.say([report])
        self.say(self.alerts.judge(report, moment, self.plan))
        if self.phase != "watched":
            return  # after a change, what is to be done follows from the change
        if self.wanted is not None:
            self._want(*self.wanted)
        elif (due := self.desk.due(report, seconds=self.watermark)) is not None:
            if due[0] == "forecast":
                self.say(self.alerts.forecast(due[1], moment, report))
            self._request(*due, self.epoch_rows())

    # Drift, requests and their outcomes

    def _changed(self, alarm: DriftAlarm) -> None:
        """A fault was found at the record taken last."""
        start = max(self.epoch_start, self.drift.start + alarm.change_point)
        if self.held is not None:
            drop(self, "another change was found")
        self.phase, self.approved, self.next_try = "changed", False, FAR
        self.epoch, self.epoch_before = self.epoch + 1, self.epoch_start
        self.epoch_start, self.learn_at = start, 0
        latest = self.memory.latest(self.known(start))
        self.drift.begin_again(alarm, latest, records=self.records)
        self.wanted = None
        self.change = drift_evidence(alarm, record=self.records - 1, change_point=start)
        self.say(self.alerts.change(alarm.text, self.moment(), self.change, self.plan))

    def _want(self, cause: Cause, text: str) -> None:
        """Ask for a challenger; if that cannot be now, again at the next occasion."""
        made = self._request(cause, text, self.epoch_rows())
        self._try_later(None if made else (cause, text))

    def _try_later(self, wanted: tuple[Cause, str] | None) -> None:
        self.wanted = wanted
        later = self.records + max(1, self.plan.cooldown_records)
        self.next_try = FAR if wanted is None else max(later, self.desk.rests_until(self.epoch))

    def _request(self, cause: Cause, text: str, rows: Rows) -> bool:
        """Ask for a challenger, unless one is asked for already or it is too soon."""
        records, seconds, epoch = self.records, self.watermark, self.epoch
        if not self.desk.allows(
            cause, rows=len(rows), records=records, seconds=seconds, epoch=epoch
        ):
            return False
        moment = self.moment()
        request = self.desk.draft(
            cause,
            text,
            moment,
            window=self.memory.window(rows),
            champion=None if self.circulation is None else self.circulation.batch,
            seed=self._seed("request", cause, moment.address),
        )
        self.desk.make(request, records=records, seconds=seconds, epoch=epoch)
        self.say([request])
        return True

    def _apply_outcome(self) -> None:
        """Let the answer to the pending request take effect."""
        request, outcome, block = self.desk.close()
        if outcome is not None and outcome.batch is not None:
            time, keep = request.time.timestamp(), self.plan.keep
            new = Circulation(outcome.batch, block, request.record, time, keep)
            if request.approval and self.asks_first:
                hold(self, new, outcome.text)
            else:
                if request.approval:  # which nobody else has made known
                    self.say([outcome.batch])
                self.circulate(new, f"batch {new.batch.batch_id[:8]} circulates: {outcome.text}")
        else:
            self.say(self.alerts.fail(request, outcome, self.moment()))
            again = self.desk.again(request, outcome, self.circulation, epoch=self.epoch)
            if again and self.phase == "watched" and self.wanted is None:
                self._try_later(again)
                return
        if self.wanted is not None:
            self._want(*self.wanted)

    def circulate(self, new: Circulation, text: str) -> None:
        """A batch circulates from now on: it ends what called for it, but no change before it."""
        self.say(succeed(self, new))
        self.circulation = new
        self.ticks.begin(records=self.records, seconds=self.watermark)
        kinds = BATCH_KINDS if self.phase == "changed" else BATCH_KINDS | CHANGE_KINDS
        self.say(self.alerts.better_batch(kinds, text, self.moment()))
        if self.phase != "changed":
            self.change = None

    def epoch_rows(self) -> Rows:
        """The latest records of this epoch, at most as many as a reference has."""
        most = max(self.plan.reference, self.plan.min_rows)
        return self.memory.latest(min(self.known(self.epoch_start), most))

    def known(self, start: int) -> int:
        """How many records from one on are not marked as a fault."""
        return self.records - start - self.faults.count(since=start)

    def moment(self) -> Moment:
        """Of the record taken last."""
        return Moment(self.plan.name, self.records - 1, self.last_address, self.watermark)

    def _seed(self, *what: object) -> int:
        return derived_seed(self.plan.seed, self.plan.name, self.epoch, *what)

    def say(self, messages: Iterable[Message]) -> None:
        """Something was found."""
        self._findings += messages
