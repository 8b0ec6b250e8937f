"""The monitors over a file: the same engine as live, without Kafka."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.messages import (
    Alert,
    FidelityReport,
    Message,
    RegenerationOutcome,
    SyntheticBatch,
)
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, FloatArray
from halflife.schemas.window import ROWS_A_MESSAGE

from .alert_book import SUPERSEDED
from .circulation import FEWEST_MEASURED
from .identity import derived_seed, identity
from .rows import Rows
from .stream_watch import StreamWatch
from .ticks import FAR
from .trace import Trace
from .work import Work, measure_fidelity

Recipes = NDArray[np.object_]
_PIECE: Final = 2000
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NONE: Final = np.empty(0, dtype=np.int64)


def rows_of(
    block: Block,
    recipes: Recipes | None = None,
    *,
    seconds: float = 3600.0,
    times: FloatArray | None = None,
) -> Rows:
    """The rows of a file as records named by their number: one every ``seconds`` of event time."""
    places = np.arange(len(block), dtype=np.int64)
    if times is None:
        times = np.asarray(_EPOCH.timestamp() + seconds * places, dtype=np.float64)
    ids = [f"row-{i}" for i in range(len(block))]
    return Rows(block, places * ROWS_A_MESSAGE, times, ids, recipes)


def backtest(
    plan: StreamPlan,
    block: Block,
    *,
    recipes: Recipes | None = None,
    batch: Block | None = None,
    times: FloatArray | None = None,
    progress: Callable[[int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """What the monitors would have said of these records, in the shape of ``backtest --json``.

    Nothing is generated here: without a batch there is drift alone; with one, its fidelity is
    measured at each tick against its fidelity to the held-out rows of the reference, which should
    not have trained it (all of the reference where fewer than 50 are held out), and the batch is
    never replaced.

    Args:
        plan: The stream as the lab file declares it.
        block: Its records, in order.
        recipes: What each ran under, a text or None, shape (n,), if the file says it.
        batch: A synthetic batch that circulates from the end of the reference on.
        times: Event times in seconds since 1970, shape (n,); one record an hour if None.
        progress: Told how many records are done.
        clock: Seconds, for the time that it took.
    """
    begun = clock()
    watch = StreamWatch(plan, partition=0)
    if times is None:
        watch.pace.learn_at = FAR  # nobody knows how the records followed each other
    meter = _Meter(clock)
    found: list[Message] = []
    rows = rows_of(block, recipes, times=times)
    trace = Trace(len(rows))
    piece = min(_PIECE, trace.every)
    birth: RegenerationOutcome | None = None
    done = 0
    while done < len(rows):
        end = done - done % piece + piece
        done += meter.drive(watch.feed(rows[done:end], _NONE)) or 0
        found += watch.take_findings()
        trace.note(done, watch)
        if watch.waiting:
            outcome = _outcome(watch, batch, rows, meter)
            birth = birth or outcome
            meter.drive(watch.answer(outcome, batch))
        if progress is not None:
            progress(done)
    found += watch.take_findings()
    named = _named(found, watch)
    kept = np.setdiff1d(np.arange(len(rows)), [each["record"] for each in named])
    reference = {"first": 0, "last": min(plan.reference, len(rows)) - 1}
    return {
        "stream": plan.name,
        "records": len(rows),
        "false_alarms": plan.false_alarms,
        "reference": reference,
        "alarms": [_alarm(alert, kept) for alert in found if _is_alarm(alert)],
        "contamination": named,
        "notes": _notes(found, watch),
        "fidelity": [_fidelity(report) for report in found if isinstance(report, FidelityReport)],
        "half_life": _half_life(found),
        "keep": plan.keep,
        "batch": _born(birth),
        "drift": trace.result(),
        "seconds": {"numerics": meter.seconds, "total": clock() - begun},
    }


_SYNTHETIC: Final = "contamination"
_ALARMS: Final = frozenset(
    {"drift", "planner-moved", "timing", "generator-silent", "regeneration-failed", _SYNTHETIC}
)


class _Meter:
    """Does the work that steps ask for, here and now, and measures how long all of it takes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.seconds = 0.0

    def drive(self, steps: Generator[Work, Any, Any]) -> Any:
        """The result of some steps."""
        begun, result = self.clock(), None
        try:
            while True:
                result = steps.send(result).run()
        except StopIteration as end:
            return end.value
        finally:
            self.seconds += self.clock() - begun


def _outcome(
    watch: StreamWatch, batch: Block | None, rows: Rows, meter: _Meter
) -> RegenerationOutcome | None:
    """The batch that was given, born on the reference; for later requests there is none."""
    request = watch.desk.pending
    if request is None or batch is None or request.cause != "first":
        return None
    plan = watch.plan
    reference = rows[: plan.reference]
    held_out = reference.holdout(plan.holdout)
    # A batch knows the rows that trained it too well. Those held out judge it, as in the loop.
    enough = held_out.sum() >= FEWEST_MEASURED
    judged = (reference[held_out] if enough else reference).block
    seed = derived_seed(plan.seed, plan.name, "birth")
    measure = meter.drive(_measure(plan, seed, judged, batch))
    if "too_few" in measure:
        return None
    manifest = SyntheticBatch(
        batch_id=identity(plan.name, "file", batch.digest()),
        stream=plan.name,
        request_id=request.request_id,
        generator="file",
        model_id=identity("file"),
        rows=len(batch),
        seed=0,
        window=request.window,
        trained_on=int((~held_out).sum()),
        gate={"promoted": True, "challenger": measure},
        created=request.time,
        digest=batch.digest(),
        plan=plan.digest,
        partition=0,
        first_offset=0,
        last_offset=len(batch) - 1,
    )
    return RegenerationOutcome(
        request_id=request.request_id,
        stream=plan.name,
        cause="first",
        outcome="promoted",
        batch=manifest,
        verdict=manifest.gate,
        text="the batch of the file",
        attempts=1,
        seconds=0.0,
        created=request.time,
    )


def _measure(
    plan: StreamPlan, seed: int, real: Block, batch: Block
) -> Generator[Work, Any, dict[str, Any]]:
    result: dict[str, Any] = yield Work(measure_fidelity, (plan.table, seed, real, batch))
    return result


def _is_note(alert: Alert) -> bool:
    return alert.kind not in _ALARMS and alert.text != SUPERSEDED


def _is_alarm(found: Message) -> bool:
    return (
        isinstance(found, Alert)
        and found.status == "firing"
        and found.kind in {"drift", "planner-moved", "timing"}
    )


def _named(found: list[Message], watch: StreamWatch) -> list[dict[str, Any]]:
    """The records that were found to be rows of the batch, by their rows in the file."""
    told = [a.evidence["records"] for a in found if isinstance(a, Alert) and a.kind == _SYNTHETIC]
    return [
        {
            "record": each["offset"],
            "row": each["batch_row"],
            "distance": each["distance"],
            "chance": each["chance"],
        }
        for each in [*itertools.chain(*told), *watch.provenance.pending]
    ]


def _notes(found: list[Message], watch: StreamWatch) -> list[str]:
    """What else there is to say, in words."""
    notes = [a.text for a in found if isinstance(a, Alert) and _is_note(a)]
    return [*notes, watch.provenance.text] if watch.provenance.text else notes


def _alarm(found: Message, kept: NDArray[np.int64]) -> dict[str, Any]:
    """An alarm; its places are rows of the file, ``kept`` those that count as records."""
    if not isinstance(found, Alert):
        raise TypeError(f"no alert: {found!r}")
    evidence = found.evidence
    recipe = {"recipe": evidence["recipe"]} if "recipe" in evidence else {}
    return recipe | {
        "record": found.offset,
        "change_point": int(kept[evidence["change_point"]]),
        "kind": evidence["kind"],
        "columns": evidence["columns"],
        "statistic": evidence["statistic"],
        "threshold": evidence["threshold"],
        "direction": evidence["direction"],
        "size": evidence["size"],
        "text": found.text,
    }


def _fidelity(report: FidelityReport) -> dict[str, Any]:
    return {
        "record": report.offset,
        "fidelity": report.fidelity,
        "retained": report.retained,
        "retained_interval": list(report.retained_interval),
        "retained_part": report.retained_part,
        "under_limit": report.under_limit,
        "age_records": report.age_records,
        "parts": report.parts,
        "band": {part: list(band) for part, band in report.bands.items()},
        "utility_gap": report.utility_gap,
        "utility_gap_interval": report.utility_gap_interval and list(report.utility_gap_interval),
    }


def _born(birth: RegenerationOutcome | None) -> dict[str, Any] | None:
    """The batch that was followed, as it was at the end of the reference."""
    if birth is None or birth.batch is None:
        return None
    measure = birth.batch.gate["challenger"]
    return {"rows": birth.batch.rows, "parts": measure["parts"], "bands": measure["bands"]}


def _half_life(found: list[Message]) -> dict[str, Any] | None:
    reports = [report for report in found if isinstance(report, FidelityReport)]
    if not reports:
        return None
    last = reports[-1]
    return {
        "records": last.half_life_records,
        "interval": list(last.half_life_interval),
        "hours": last.half_life_hours,
        "hours_interval": list(last.half_life_hours_interval),
        "expiry_records": last.expiry_records,
        "expiry_interval": list(last.expiry_interval),
        "expiry_hours": last.expiry_hours,
        "text": last.forecast,
    }
