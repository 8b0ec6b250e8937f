"""Guards a stream against batches that feed on batches."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from halflife.monitors import CollapseGuard
from halflife.schemas.alert import Alert
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block

from .alert_book import AlertBook
from .circulation import Circulation
from .memory import Memory
from .moment import Moment
from .rows import Rows
from .ticks import FAR

_FEWEST: Final = 30
_MOST: Final = 200


class CollapseWatch:
    """Measures each batch that takes effect at the same real rows; a collapse halts regeneration.

    The validation set is the first 200 held-out rows of the reference of an epoch, or as many as
    there are (30 at least, or else the epoch goes unguarded). It is part of the stream's state.
    Where a planner moves or an instrument ages, real records leave the batch that was made before;
    records that are rows of it do not. The stream has moved then, and the generations from that one
    on are measured at held-out rows of what it is now.

    While it is halted nothing but a person's order makes a challenger. It goes on when as many new
    real records have come as a reference has, so that no row of the next window was there before;
    when a person says ``halflife regenerate``; or when the next epoch begins, with rows of its own.

    Args:
        plan: The stream as the lab file declares it.
    """

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.guard: CollapseGuard | None = None
        self.halted_at: int | None = None

    @property
    def halted(self) -> bool:
        """Whether no challenger may be made."""
        return self.halted_at is not None

    @property
    def due(self) -> int:
        """Number of records at which it goes on by itself."""
        return FAR if self.halted_at is None else self.halted_at + self.plan.reference

    @property
    def text(self) -> str | None:
        """What it says of the last generation; None before there is one."""
        last = None if self.guard is None else self.guard.last
        if last is None:
            return None
        return f"regeneration is halted: {last.text}" if self.halted else last.text

    @property
    def ratio(self) -> float | None:
        """Loss of the last generation over that of the first of its epoch."""
        return None if self.guard is None or self.guard.last is None else self.guard.last.ratio

    def begin(
        self, reference: Rows, moment: Moment, alerts: AlertBook, *, anew: bool = True
    ) -> list[Alert]:
        """An epoch has a reference: its held-out rows are the validation set from now on.

        Nothing changes for one that is not the first of its epoch (``anew`` is False).
        """
        if not anew:
            return []
        held = np.flatnonzero(reference.holdout(self.plan.holdout))[:_MOST]
        self.guard = self._guard(reference.block[held]) if len(held) >= _FEWEST else None
        return self.lift("another epoch has begun, with validation rows of its own", moment, alerts)

    def succeed(
        self,
        new: Circulation,
        before: Circulation | None,
        memory: Memory,
        moment: Moment,
        alerts: AlertBook,
        *,
        named: int,
    ) -> list[Alert]:
        """A batch takes effect in place of another.

        Args:
            new: It.
            before: The other.
            memory: Of the latest real rows.
            moment: Of the last of them.
            alerts: Of the stream.
            named: Synthetic rows that were recognised among the records: where there are some,
                there may be more, and the validation set stays.
        """
        if not (named or self.halted) and _was_left(before):
            self.begin(memory.latest(self.plan.reference), moment, alerts)
        return self.measure(new.block, moment, alerts)

    def measure(self, batch: Block | None, moment: Moment, alerts: AlertBook) -> list[Alert]:
        """A batch takes effect."""
        if self.guard is None or batch is None or len(batch) < 2:
            return []
        reading = self.guard.measure(batch)
        if not reading.collapsed:
            return self.lift(f"{reading.text} again", moment, alerts)
        if self.halted_at is None:
            self.halted_at = moment.record + 1
        text = (
            f"{reading.text}: models feed on synthetic data. Regeneration is halted until "
            f"{self.plan.reference:,} more real records have come, or until a person who has "
            f"looked where the records come from says: halflife regenerate {self.plan.name}"
        )
        return alerts.go_on("collapse", text, moment, reading.to_dict())

    def proceed(self, records: int, moment: Moment, alerts: AlertBook) -> list[Alert]:
        """It goes on where enough real records have come."""
        if records < self.due:
            return []
        text = f"{self.plan.reference:,} more real records have come: regeneration goes on"
        return self.lift(text, moment, alerts)

    def lift(self, text: str, moment: Moment, alerts: AlertBook) -> list[Alert]:
        """It goes on; nothing is said if it was not halted."""
        self.halted_at = None
        return alerts.resolve("collapse", text, moment)

    def state(self) -> dict[str, Any]:
        """The validation rows with what was measured at them, as plain data."""
        guard = self.guard
        return {
            "halted_at": self.halted_at,
            "guard": guard and guard.state(),
            "rows": guard and guard.validation.rows(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.halted_at, self.guard = state["halted_at"], None
        if state["guard"] is not None:
            rows = Block.from_rows(self.plan.table, state["rows"])
            tolerance = self.plan.collapse_loss
            self.guard = CollapseGuard.restored(state["guard"], rows, tolerance=tolerance)

    def _guard(self, rows: Block) -> CollapseGuard:
        return CollapseGuard(rows, tolerance=self.plan.collapse_loss)


def _was_left(batch: Circulation | None) -> bool:
    """Whether the real records are no longer those that a batch describes, beyond noise."""
    return batch is not None and batch.last is not None and batch.last.retained_interval[1] < 1.0
