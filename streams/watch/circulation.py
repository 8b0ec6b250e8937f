"""The synthetic batch in circulation: what it was at birth, and how it has fared since."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from halflife.monitors import Decay, DecayForecast, FidelityMeasure, RetainedFidelity
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.fidelity_report import FidelityReport
from halflife.schemas.table import Block
from halflife.schemas.window import address

from .identity import identity
from .moment import Moment
from .rows import Rows


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
        self.decays: dict[str, Decay] = {}
        self.last: FidelityReport | None = None
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

    def judge(self, measure: FidelityMeasure, moment: Moment) -> FidelityReport:
        """The report of a measure taken at a moment; the decay of each part learns from it."""
        retained = self._retained.judge(self.birth, measure)
        age = moment.record - self.record
        hours = max(0.0, moment.seconds - self.time) / 3600
        for part, share in retained.shares.items():
            self.decays.setdefault(part, Decay(keep=self.keep)).update(
                age_records=float(age),
                age_hours=hours,
                retained=share,
                error=retained.errors[part],
            )
        worst, forecast = self.forecast()
        gap = None
        if measure.tstr is not None and measure.trtr is not None and measure.trtr < 1:
            gap = (1 - measure.tstr) / (1 - measure.trtr) - 1
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
            retained=retained.share,
            retained_interval=retained.interval,
            retained_part=retained.part,
            under_limit=retained.under_limit,
            age_records=age,
            age_hours=hours,
            half_life_records=forecast.half_life_records,
            half_life_interval=forecast.half_life_interval,
            half_life_hours=forecast.half_life_hours,
            expiry_records=forecast.expiry_records,
            expiry_hours=forecast.expiry_hours,
            forecast=f"{worst}: {forecast.text}",
            utility_gap=gap,
            c2st_auc=measure.c2st_auc,
            tstr=measure.tstr,
            trtr=measure.trtr,
        )
        return self.last

    def forecast(self) -> tuple[str, DecayForecast]:
        """The part that expires first, and its forecast; where none decays, the least sure one."""
        found = {part: decay.forecast() for part, decay in self.decays.items()}

        def soonness(part: str) -> tuple[bool, float]:
            forecast = found[part]
            if forecast.half_life_records is not None:
                return False, forecast.half_life_records
            return True, forecast.half_life_interval[0] or math.inf

        first = min(found, key=soonness)
        return first, found[first]

    def state(self) -> dict[str, Any]:
        """Everything but the rows, as plain data."""
        return {
            "batch": self.batch.model_dump(mode="json"),
            "record": self.record,
            "time": self.time,
            "decays": {part: decay.state() for part, decay in self.decays.items()},
            "last": self.last and self.last.model_dump(mode="json"),
        }

    @classmethod
    def restored(cls, state: dict[str, Any], keep: float) -> Self:
        """Go on from a state; the rows come later."""
        batch = SyntheticBatch.model_validate(state["batch"])
        restored = cls(batch, None, state["record"], state["time"], keep)
        for part, decay in state["decays"].items():
            restored.decays[part] = Decay(keep=keep)
            restored.decays[part].restore(decay)
        if state["last"] is not None:
            restored.last = FidelityReport.model_validate(state["last"])
        return restored
