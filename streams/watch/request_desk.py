"""Challengers that a stream asks for: one at a time, not too often, each with one outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.messages import FidelityReport, RegenerationOutcome, RegenerationRequest
from halflife.schemas.regeneration import Cause
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.schemas.window import Window

from .alert_book import kept
from .collapse_watch import CollapseWatch
from .identity import identity
from .moment import Moment

DAY: Final = 86_400.0


class RequestDesk:
    """Keeps the pending request, its answer, and the cooldown and budget of new ones.

    A request takes effect at a fixed record, ``grace`` records after it was made: if its answer
    comes sooner it is kept until then, and if it comes later the stream waits there.

    Args:
        plan: The stream as the lab file declares it.
    """

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.pending: RegenerationRequest | None = None
        self.outcome: RegenerationOutcome | None = None
        self.block: Block | None = None
        self.answered = False
        self.made: list[tuple[int, float, int]] = []
        self.rest: tuple[int, int] | None = None
        self.guard = CollapseWatch(plan)

    def allows(self, cause: str, *, rows: int, records: int, seconds: float, epoch: int) -> bool:
        """Whether a request may be made now: none pending, enough rows, cooldown, budget.

        Args:
            cause: Of the request; a person's order needs no cooldown and no budget.
            rows: Real records that the challenger would be trained and judged on.
            records: Of the stream so far.
            seconds: Latest event time, seconds since 1970.
            epoch: Of the stream; what was asked before a change delays nothing after it.
        """
        if self.pending is not None or rows < min(self.plan.min_rows, self.plan.reference):
            return False
        if cause == "hand":
            return True
        if self.guard.halted or records < self.rests_until(epoch):
            return False
        today = sum(time > seconds - DAY for _, time, _ in self.made)
        soon = any(
            e == epoch and records - place < self.plan.cooldown_records for place, _, e in self.made
        )
        return today < self.plan.budget and not soon

    def due(self, report: FidelityReport, *, seconds: float) -> tuple[Cause, str] | None:
        """What a report asks for, and why; None if nothing.

        Args:
            report: Of the batch in circulation.
            seconds: Latest event time, seconds since 1970.
        """
        if report.under_limit:
            return "fidelity", kept(report)
        if report.expiry_records is not None:
            left = report.expiry_records - report.age_records
            if left <= self.plan.lead_records:
                return "forecast", f"expiry in {max(0, round(left))} records: {report.forecast}"
        schedule = self.plan.schedule
        if schedule and self.made and seconds - self.made[-1][1] >= schedule:
            return "schedule", f"every {schedule / 3600:g} h"
        return None

    def rests_until(self, epoch: int) -> int:
        """Number of records before which the gate could tell no more than last time."""
        return self.rest[0] if self.rest is not None and self.rest[1] == epoch else 0

    def again(
        self,
        request: RegenerationRequest,
        outcome: RegenerationOutcome | None,
        circulation: object | None,
        *,
        epoch: int,
    ) -> tuple[Cause, str] | None:
        """What to ask for later, after a request that led to no batch; None for nothing.

        Where the gate could not tell, it is asked again when the records that it needs are there,
        and not before; but no later than after `reference` or the cooldown, when all records of a
        window are new. Where what circulates is known to be stale, or nothing does, it is asked
        again after the cooldown.
        """
        text = "again, with more records"
        if outcome is not None and outcome.more_records is not None:
            most = max(self.plan.reference, self.plan.cooldown_records)
            wait = min(max(outcome.more_records, self.plan.cooldown_records), most)
            self.rest = request.record + 1 + wait, epoch
            return ("drift" if request.cause == "hand" else request.cause), text
        if circulation is None:
            return "first", text
        return ("drift", text) if request.cause == "drift" else None

    def draft(
        self,
        cause: Cause,
        text: str,
        moment: Moment,
        *,
        window: Window,
        champion: SyntheticBatch | None,
        seed: int,
    ) -> RegenerationRequest:
        """A request of this stream, not yet made."""
        return RegenerationRequest(
            request_id=identity(self.plan.name, "request", cause, moment.address),
            stream=self.plan.name,
            cause=cause,
            window=window,
            record=moment.record,
            offset=moment.offset,
            time=moment.time,
            champion=champion,
            seed=seed,
            plan=self.plan.digest,
            approval=self.plan.on_drift == "ask" and cause == "drift",
            text=text,
        )

    def make(
        self, request: RegenerationRequest, *, records: int, seconds: float, epoch: int
    ) -> None:
        """The request that is pending from now on."""
        self.pending, self.outcome, self.block, self.answered = request, None, None, False
        recent = [made for made in self.made if made[1] > seconds - DAY]
        self.made = [*recent[-self.plan.budget :], (records, seconds, epoch)]

    @property
    def effect(self) -> int | None:
        """Number of records at which the answer takes effect; None if nothing is pending."""
        return None if self.pending is None else self.pending.record + 1 + self.plan.grace

    def waits(self, records: int) -> bool:
        """Whether the next record must wait for the answer."""
        return self.effect is not None and not self.answered and records >= self.effect

    def answer(self, outcome: RegenerationOutcome | None, block: Block | None) -> bool:
        """Keep the answer to the pending request; False if it is no answer to it."""
        if self.pending is None or self.answered:
            return False
        if outcome is not None and outcome.request_id != self.pending.request_id:
            return False
        self.outcome, self.block, self.answered = outcome, block, True
        return True

    def take_block(self, blocks: Mapping[str, Block]) -> None:
        """The rows of a promoted batch, read again after a restart; without them it has failed."""
        if self.outcome is None or self.outcome.batch is None:
            return
        self.block = blocks.get(self.outcome.batch.batch_id)
        if self.block is None:
            text = "the rows of the new batch are gone from the log"
            failed = {"outcome": "failed", "batch": None, "text": text}
            self.outcome = self.outcome.model_copy(update=failed)

    def withdraw(self) -> None:
        """Nothing is pending any more; an answer that comes is of no interest."""
        self.pending, self.outcome, self.block, self.answered = None, None, None, False

    def close(self) -> tuple[RegenerationRequest, RegenerationOutcome | None, Block | None]:
        """The request that was pending with its answer; nothing is pending after."""
        if self.pending is None or not self.answered:
            raise RuntimeError("no answered request to close")
        closed = self.pending, self.outcome, self.block
        self.withdraw()
        return closed

    def state(self) -> dict[str, Any]:
        """All but the rows of an answer, as plain data."""
        return {
            "pending": self.pending and self.pending.model_dump(mode="json"),
            "outcome": self.outcome and self.outcome.model_dump(mode="json"),
            "answered": self.answered,
            "made": [list(made) for made in self.made],
            "rest": self.rest and list(self.rest),
            "guard": self.guard.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        pending, outcome = state["pending"], state["outcome"]
        self.pending = pending and RegenerationRequest.model_validate(pending)
        self.outcome = outcome and RegenerationOutcome.model_validate(outcome)
        self.block, self.answered = None, state["answered"]
        self.made = [(int(place), float(time), int(e)) for place, time, e in state["made"]]
        self.rest = state["rest"] and (int(state["rest"][0]), int(state["rest"][1]))
        self.guard.restore(state["guard"])
