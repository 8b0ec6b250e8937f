"""The synthetic batch in circulation: what it was at birth, and how it has fared since."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from halflife.monitors import FidelityMeasure, RetainedFidelity
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.fidelity_report import FidelityReport
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, FloatArray
from halflife.schemas.window import address

from .identity import derived_seed, identity
from .memory import Memory
from .moment import Moment
from .part_decays import PartDecays
from .rows import Rows
from .work import Work, measure_fidelity, measure_utility

FEWEST_MEASURED: Final = 50
"""Unseen real rows below which a fidelity tick waits for the next one."""


class Circulation:
    """A batch in circulation, measured again and again.

    Args:
        batch: Its manifest.
        block: Its rows; None after a restart, until they have been read again.
        record: 0-based record of the stream at which its window ended.
        time: Event time then, seconds since 1970.
        keep: Share of its birth fidelity that it must keep.
    """

    def __init__(
        self, batch: SyntheticBatch, block: Block | None, record: int, time: float, keep: float
    ) -> None:
        self.batch = batch
        self.block = block
        self.record = record
        self.time = time
        self.birth = FidelityMeasure.from_dict(batch.gate["challenger"])
        self.keep = keep
        self.decays = PartDecays(self.birth, keep)
        self.last: FidelityReport | None = None
        self.utility: dict[str, Any] | None = None
        self.predicted = address(batch.window.last, batch.window.last_row)
        self._retained = RetainedFidelity(keep)

    def unseen(self, rows: Rows, holdout: float) -> NDArray[np.bool_]:
        """Which rows the training of the batch has not seen, shape (n,).

        Those after its window, and those within that the holdout kept back.
        """
        window = self.batch.window
        after = rows.addresses > address(window.last, window.last_row)
        if after.all():
            return after
        return np.asarray(after | rows.holdout(holdout), dtype=np.bool_)

    def tick(
        self, memory: Memory, plan: StreamPlan, moment: Moment, *, seed: int, since: int | None
    ) -> Generator[Work, Any, FidelityReport | None]:
        """Measure the batch on the latest real rows that it has not seen; None if they are few.

        Args:
            memory: Its last row is that of the moment.
            plan: Of the stream.
            moment: Of the tick.
            seed: Of everything drawn.
            since: Records since the change, where a drift alarm says that the stream is no longer
                what it was: those before it are not measured any more.

        Raises:
            RuntimeError: If the rows of the batch are not there.
        """
        if self.block is None:
            raise RuntimeError(f"{plan.name}: the rows of the batch were not read again")
        rows = memory.latest(memory.capacity)
        chosen = np.flatnonzero(self.unseen(rows, plan.holdout))[-plan.window_rows :]
        if since is not None:
            chosen = chosen[chosen >= len(rows) - since]
        if len(chosen) < FEWEST_MEASURED:
            return None
        result = yield Work(measure_fidelity, (plan.table, seed, rows.block[chosen], self.block))
        if "too_few" in result:
            return None
        utility = yield from self._predict(rows, plan)
        records = np.asarray(moment.record - self.record - (len(rows) - 1.0 - chosen))
        hours = (rows.times[chosen] - self.time) / 3600
        return self.judge(
            FidelityMeasure.from_dict(result),
            moment,
            records=records,
            hours=hours,
            utility=utility,
            changed=since is not None,
        )

    def _predict(self, rows: Rows, plan: StreamPlan) -> Generator[Work, Any, dict[str, Any]]:
        """Let models of the batch and of real rows predict those since the last tick."""
        if self.block is None:
            raise RuntimeError(f"{plan.name}: the rows of the batch were not read again")
        new = rows.addresses > self.predicted
        seed = derived_seed(plan.seed, plan.name, "utility", self.batch.batch_id)
        known, fresh = rows.block[~new], rows.block[new]
        result: dict[str, Any] = yield Work(
            measure_utility, (plan.table, seed, self.utility, self.block, (known, fresh))
        )
        self.utility = result["state"]
        self.predicted = int(rows.addresses[-1])
        return result

    def judge(
        self,
        measure: FidelityMeasure,
        moment: Moment,
        *,
        records: FloatArray,
        hours: FloatArray,
        utility: Mapping[str, Any],
        changed: bool,
    ) -> FidelityReport:
        """The report of a measure taken at a moment; the decay of each part learns from it.

        Args:
            measure: Of real rows beside the batch.
            moment: Of the last record.
            records: Ages of those rows since the batch's window ended, in records, rising.
            hours: The same in hours of event time.
            utility: The gap of the batch's models, with its interval; both None if unknown.
            changed: Whether a drift alarm says that the stream is no longer what it was.
        """
        retained = self._retained.judge(self.birth, measure)
        self.decays.update(measure, retained.shares, records=records, hours=hours)
        worst, forecast = self.decays.forecast()
        age = moment.record - self.record
        self.last = FidelityReport(
            report_id=identity(moment.stream, "fidelity", moment.offset, moment.record),
            stream=moment.stream,
            batch_id=self.batch.batch_id,
            record=moment.record,
            offset=moment.offset,
            time=moment.time,
            real_rows=measure.rows_real,
            fidelity=measure.fidelity,
            parts=measure.parts,
            bands=measure.bands,
            columns=measure.columns,
            retained=retained.share,
            retained_interval=retained.interval,
            retained_part=retained.part,
            # One low tick among many is noise: a drift alarm, or all ticks, must say so as well.
            under_limit=retained.under_limit and (changed or self.decays.seen(retained.part)),
            age_records=age,
            age_hours=max(0.0, moment.seconds - self.time) / 3600,
            half_life_records=forecast.half_life_records,
            half_life_interval=forecast.half_life_interval,
            half_life_hours=forecast.half_life_hours,
            half_life_hours_interval=forecast.half_life_hours_interval,
            expiry_records=forecast.expiry_records,
            expiry_interval=forecast.expiry_interval,
            expiry_hours=forecast.expiry_hours,
            expiry_hours_interval=forecast.expiry_hours_interval,
            forecast=f"{worst}: {forecast.text}",
            utility_gap=utility["gap"],
            utility_gap_interval=utility["interval"] and tuple(utility["interval"]),
            c2st_auc=measure.c2st_auc,
            tstr=measure.tstr,
            trtr=measure.trtr,
        )
        return self.last

    def state(self) -> dict[str, Any]:
        """Everything but the rows, as plain data."""
        return {
            "batch": self.batch.model_dump(mode="json"),
            "record": self.record,
            "time": self.time,
            "decays": self.decays.state(),
            "utility": self.utility,
            "predicted": self.predicted,
            "last": self.last and self.last.model_dump(mode="json"),
        }

    @classmethod
    def restored(cls, state: dict[str, Any], keep: float) -> Self:
        """Go on from a state; the rows come later."""
        batch = SyntheticBatch.model_validate(state["batch"])
        restored = cls(batch, None, state["record"], state["time"], keep)
        restored.decays.restore(state["decays"])
        restored.utility, restored.predicted = state["utility"], state["predicted"]
        if state["last"] is not None:
            restored.last = FidelityReport.model_validate(state["last"])
        return restored
