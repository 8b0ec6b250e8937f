"""One stream: how much its batch is still worth, what drifts, and what is done about it."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import Threshold

from .annotation import Annotation
from .board import Board, Row
from .column import Column
from .links import live_page, runbook
from .panels import (
    BAD,
    GOOD,
    LOOK,
    PLAIN,
    About,
    Made,
    Mapping,
    Rows,
    against,
    bars,
    drawn,
    no_number,
    number,
    steps,
)
from .query import WORKER, Query, best
from .stream_work import regenerations
from .trust import TRUST_TEXT, trust, trust_steps, trust_words

_OF: Final = 'stream="$stream"'
_ALERTS: Final = f"stream_kind:halflife_alert_firing:last{{{_OF}}}"
_DAY: Final = 86_400.0
_KEPT: Final = steps((0.5, LOOK), (0.9, GOOD), below=BAD)
_NEVER: Final = no_number("no decay seen")


def one(metric: str, *labels: str, of: str = _OF) -> str:
    """A metric of the stream that is chosen."""
    return best(metric, *(labels or ("stream",)), of=of)


_AGE: Final = f"time() - {one('halflife_batch_created_timestamp_seconds')}"
_WATERMARK: Final = one("halflife_input_watermark_timestamp_seconds")
_LEFT: Final = f"{one('halflife_expiry_timestamp_seconds')} - {_WATERMARK}"


def stream() -> Board:
    """The second look, at one stream."""
    created = "halflife_batch_created_timestamp_seconds"
    return Board(
        name="stream",
        title="Halflife: stream",
        text="One stream: fidelity over the age of its batches, drift, columns, regenerations.",
        of_stream=True,
        rows=[
            Row("Now", [*_numbers(), _said()]),
            Row("Fidelity of the batch in circulation", _fidelity()),
            Row("Drift", _drift()),
            Row("Columns", _columns()),
            Row("Regenerations", regenerations()),
        ],
        annotations=[
            Annotation("Alerts", f"{_ALERTS} == 1", "red", "{{kind}}"),
            Annotation(
                "New batches",
                f"max by (stream) (changes({created}{{{_OF}}}[$__rate_interval])) > 0",
                "blue",
                "a new batch circulates",
            ),
        ],
    )


def _numbers() -> list[Made]:
    stale, drift = runbook("HalflifeFidelityUnderLimit"), runbook("HalflifeInstrumentDrift")
    soon, page = runbook("HalflifeBatchExpiresSoon"), live_page(of_stream=True)
    told: tuple[tuple[str, str, str, DashboardLink, str, list[Threshold], list[Mapping]], ...] = (
        (
            "Trust now", TRUST_TEXT, "none", drift, trust(_OF),
            trust_steps(), [trust_words()],
        ),
        (
            "Share kept",
            "The worst part of the fidelity now over the same part at birth.",
            "percentunit", stale, one("halflife_retained_ratio"), _KEPT, [],
        ),
        (
            "Half-life",
            "Age, in records, at which half of the fidelity at birth is left.",
            "short", soon, one("halflife_half_life_records"), steps(below=PLAIN), [_NEVER],
        ),
        (
            "Expires in",
            "Event time left until less than `keep` of the fidelity at birth is left, by the decay "
            "so far.",
            "s", soon, _LEFT, steps((0, LOOK), (_DAY, GOOD), below=BAD), [_NEVER],
        ),
        (
            "Age of the batch",
            "Time since the batch in circulation was made. Age alone is no fault.",
            "s", soon, _AGE, steps(below=PLAIN), [],
        ),
        (
            "Utility gap",
            "How much larger the error of models trained on the batch is than that of models "
            "trained on real records: 0.2 is a fifth. This is what the user pays.",
            "percentunit", stale, one("halflife_utility_gap_ratio"),
            steps((0.1, LOOK), (0.3, BAD), below=GOOD), [],
        ),
    )  # fmt: skip
    return [
        number(
            About(title, text, unit, [link, page], colors, words, width=4, height=4), Query(expr)
        )
        for title, text, unit, link, expr, colors, words in told
    ]


def _said() -> Rows:
    about = About(
        "What the alerts say that fire",
        "In the words of the topic of alerts: what happened, how sure that is, since when.",
        "none",
        [runbook("HalflifeInstrumentDrift"), live_page(of_stream=True)],
        width=24,
        height=5,
        empty="nothing: all is well",
    )
    info = (
        f"max without ({WORKER}, job, stream) (stream_kind_text:halflife_alert_info:last{{{_OF}}})"
    )
    return Rows(
        about,
        [
            Column("Alert", label="kind", links=[("Runbook", "${runbook}")], width=200),
            Column("What it says", label="text"),
            Column("Info", info, hidden=True),
        ],
    )


def _fidelity() -> list[Made]:
    links = [runbook("HalflifeFidelityUnderLimit"), live_page(of_stream=True)]
    kept = About(
        "Share of its fidelity at birth that the batch has kept",
        "The worst part now over the same part at birth, and `keep`, the share that the lab file "
        "promises. It falls while the batch ages; a new batch begins at 1 (blue marks).",
        "percentunit", links, _KEPT, least=0,
    )  # fmt: skip
    parts = About(
        "Parts of the fidelity, and the noise below them",
        "1 is as good as another real sample of that size, 0 knows nothing. A part under its "
        "dashed line is worse than sampling noise explains (95 %). Columns and joint fall when the "
        "planner moves, predictive when the answers change.",
        "percentunit", links, _KEPT, least=0, most=1,
    )  # fmt: skip
    over_age = About(
        "Parts of the fidelity over the age of the batch",
        "All batches of the time that is shown, one upon another: where the points begin to fall "
        "is where this stream makes its batches stale.",
        "percentunit", links, _KEPT, least=0, most=1,
    )  # fmt: skip
    lives = About(
        "Lives of the batches",
        "Age of the batch in circulation: it rises until a better batch takes over. The dashed "
        "line is the age at which it expires by its decay so far; without decay there is none.",
        "s", links, least=0,
    )  # fmt: skip
    gap = About(
        "Utility gap over time",
        "Error of models trained on the batch over that of models trained on real records, "
        "minus 1, on records that neither had seen. Above 0.1 a person would notice.",
        "percentunit", links, steps((0.1, LOOK), (0.3, BAD), below=GOOD),
    )  # fmt: skip
    half = About(
        "Half-life over time",
        "Age, in records, at which half of the fidelity at birth is left. A half-life that "
        "shrinks: the instrument ages faster than its data is replaced. Nothing: no decay seen.",
        "short", [runbook("HalflifeBatchExpiresSoon"), live_page(of_stream=True)], least=0,
    )  # fmt: skip
    part = one("halflife_fidelity_ratio", "part")
    return [
        drawn(kept, [Query(one("halflife_retained_ratio"), "kept"),
                     Query(one("halflife_keep_ratio"), "promised")], dashed="promised"),
        drawn(parts, [Query(part, "{{part}}"),
                      Query(one("halflife_fidelity_noise_ratio", "part"), "{{part}}, noise")],
              dashed=".*, noise"),
        against(over_age, Query(f"({_AGE}) / 3600", "age in hours"), [Query(part, "{{part}}")]),
        drawn(lives, [Query(_AGE, "age"), Query(f"{_AGE} + ({_LEFT})", "expires at")],
              dashed="expires at"),
        drawn(gap, [Query(one("halflife_utility_gap_ratio"), "gap")], line_at_steps=True),
        drawn(half, [Query(one("halflife_half_life_records"), "half-life")]),
    ]  # fmt: skip


def _drift() -> list[Made]:
    links = [runbook("HalflifeInstrumentDrift"), live_page(of_stream=True)]
    statistic = one("halflife_drift_statistic", "kind")
    threshold = one("halflife_drift_threshold", "kind")
    share = About(
        "Evidence as a share of what alarms",
        "For each kind of drift the statistic over its threshold: at 1 it alarms. Thresholds keep "
        "the promise of the lab file, one false alarm in so many records over all kinds together.",
        "percentunit", links, steps((0.7, LOOK), (1, BAD), below=GOOD), least=0,
    )  # fmt: skip
    raw = About(
        "Drift statistics and their thresholds",
        "Log of the evidence for drift, in nats: e to the power of it is how much likelier the "
        "latest records are after a change than without one. Dashed: where it alarms.",
        "short", links,
    )  # fmt: skip
    begun = About(
        "Drift alarms",
        "Alarms in each stretch of time, by kind. Set-points that move are the planner's doing; "
        "given-set-points is the instrument, or the chemistry.",
        "short", links, steps((1, BAD), below=GOOD), least=0,
    )  # fmt: skip
    promise = About(
        "Records without a false alarm, as promised",
        "The lab file's number: at most one alarm in so many records is due to chance.",
        "short", links, width=6, height=8,
    )  # fmt: skip
    pace = About(
        "Records a second",
        "As they are taken in. Nothing where something was: the instrument or the connector.",
        "short", [runbook("HalflifeNoRecords"), live_page(of_stream=True)], width=6, least=0,
    )  # fmt: skip
    alarms = f"max by (kind) (increase(halflife_drift_alarms_total{{{_OF}}}[$__rate_interval]))"
    return [
        drawn(share, [Query(f"{statistic} / {threshold}", "{{kind}}")], line_at_steps=True),
        drawn(raw, [Query(statistic, "{{kind}}"), Query(threshold, "{{kind}}, alarms at")],
              dashed=".*, alarms at"),
        drawn(begun, [Query(alarms, "{{kind}}")], draw="bars"),
        number(promise, Query(one("halflife_false_alarm_interval_records")), colored=False),
        drawn(pace, [Query(f"stream:halflife_records:rate5m{{{_OF}}}", "records")]),
    ]  # fmt: skip


def _columns() -> list[Made]:
    links = [runbook("HalflifeFidelityUnderLimit"), live_page(of_stream=True)]
    now = About(
        "Fidelity of each column, now",
        "How well the batch tells the distribution of a column by itself. The lowest one is the "
        "one to look at. Which column has drifted stands in the words of the alert.",
        "percentunit", links, _KEPT, least=0, most=1,
    )  # fmt: skip
    column = one("halflife_column_fidelity_ratio", "column")
    over = About(
        "Fidelity of each column",
        "Over time: one that falls alone points to its sensor, all together to the process.",
        "percentunit", links, _KEPT, least=0, most=1,
    )  # fmt: skip
    missing = About(
        "Cells without a value, for each record",
        "A rise: a sensor that drops out, or a column that is no longer sent.",
        "short", [runbook("HalflifeInstrumentDrift"), live_page(of_stream=True)],
        steps((0.1, LOOK), (1, BAD), below=GOOD), least=0,
    )  # fmt: skip
    back = About(
        "Records that were rows of a synthetic batch",
        "They are left out of everything. Any at all: somebody sends batches as real records.",
        "short", [runbook("HalflifeContamination"), live_page(of_stream=True)],
        steps((1, BAD), below=GOOD), least=0,
    )  # fmt: skip
    records = f'sum(rate(halflife_records_total{{{_OF}, outcome="accepted"}}[$__rate_interval]))'
    cells = f"sum(rate(halflife_missing_cells_total{{{_OF}}}[$__rate_interval]))"
    return [
        bars(now, Query(column, "{{column}}")),
        drawn(over, [Query(column, "{{column}}")]),
        drawn(missing, [Query(f"{cells} / ({records} > 0 or {records} * 0 + 1)", "cells")]),
        drawn(back, [Query(one("halflife_contaminated_records_total"), "records")]),
    ]
