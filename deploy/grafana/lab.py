"""All streams at a glance."""

from __future__ import annotations

from typing import Final

from .board import Board, Row
from .column import Column
from .links import PAGE_OF_STREAM, STREAM_BOARD, live_page, runbook
from .panels import (
    BAD,
    GOOD,
    LOOK,
    PLAIN,
    About,
    Made,
    Rows,
    drawn,
    no_number,
    number,
    states,
    steps,
)
from .query import WORKER, Query, best
from .trust import TRUST_TEXT, trust, trust_steps, trust_words

_ALERTS: Final = "stream_kind:halflife_alert_firing:last"
_DRIFTS: Final = 'stream_kind:halflife_alerts:last{kind="drift"}'
_CREATED: Final = best("halflife_batch_created_timestamp_seconds", "stream")
_LEFT: Final = (
    f"{best('halflife_expiry_timestamp_seconds', 'stream')}"
    f" - {best('halflife_input_watermark_timestamp_seconds', 'stream')}"
)
_SINCE_DRIFT: Final = (
    "time() - max by (stream) (max_over_time("
    f"timestamp(changes({_DRIFTS}[$__rate_interval]) > 0)[$__range:$__interval]))"
)
_KEPT: Final = steps((0.5, LOOK), (0.9, GOOD), below=BAD)
_DAY: Final = 86_400.0


def lab() -> Board:
    """The first look: one row for each stream, the worst on top."""
    return Board(
        name="lab",
        title="Halflife: lab",
        text="All streams: which synthetic data can be trusted now.",
        rows=[
            Row("Now", _numbers()),
            Row("Streams", [_table()]),
            Row("Over time", [_trust_over_time(), _kept_over_time(), _rate(), _alerts()]),
            Row("What is being said", [_said()]),
        ],
    )


def _numbers() -> list[Made]:
    drift, stale = runbook("HalflifeInstrumentDrift"), runbook("HalflifeFidelityUnderLimit")
    several = steps((1, BAD), below=GOOD)
    worst = About(
        "Trust in the worst stream", TRUST_TEXT, "none", [drift, live_page()],
        trust_steps(), [trust_words()], width=6, height=4,
    )  # fmt: skip
    bad = About(
        "Streams not to be used", "Streams of which no model should be trained on the batch now.",
        "none", [stale, live_page()], several, width=6, height=4,
    )  # fmt: skip
    firing = About(
        "Alerts that fire", "Of all streams and kinds; news such as a planner that moved included.",
        "none", [drift, live_page()], steps((1, LOOK), below=GOOD), width=6, height=4,
    )  # fmt: skip
    pending = About(
        "Batches being made", "Challengers asked for and not yet answered.",
        "none", [runbook("HalflifeGeneratorSilent"), live_page()],
        steps((1, PLAIN), below="text"), width=6, height=4,
    )  # fmt: skip
    return [
        number(worst, Query(f"max({trust()})")),
        number(bad, Query(f"sum(({trust()}) == bool 3)")),
        number(firing, Query(f"sum({_ALERTS} == bool 1)")),
        number(pending, Query(f"sum({best('halflife_regeneration_pending', 'stream')})")),
    ]


def _table() -> Rows:
    about = About(
        "Streams",
        f"A row for each stream. {TRUST_TEXT} The stream's name leads to its dashboard.",
        "none",
        [runbook("HalflifeFidelityUnderLimit"), live_page()],
        width=24,
        height=10,
    )
    leads = [("Dashboard of this stream", STREAM_BOARD), ("Live page", PAGE_OF_STREAM)]
    never = [no_number("no decay seen")]
    return Rows(
        about,
        [
            Column("Stream", label="stream", links=leads),
            Column("Title", label="title"),
            Column("Trust now", trust(), steps=trust_steps(), mappings=[trust_words()]),
            Column("Share kept", best("halflife_retained_ratio", "stream"),
                   unit="percentunit", steps=_KEPT),
            Column("Half-life (records)", best("halflife_half_life_records", "stream"),
                   unit="short", mappings=never),
            Column("Expires in", _LEFT, unit="s", mappings=never,
                   steps=steps((0, LOOK), (_DAY, GOOD), below=BAD)),
            Column("Since last drift", _SINCE_DRIFT, unit="s"),
            Column("Batch age", f"time() - {_CREATED}", unit="s"),
            Column("Records/s", "stream:halflife_records:rate5m", unit="short"),
            Column("Info", best("halflife_stream_info", "stream", "title"), hidden=True),
        ],
        sort="Trust now",
    )  # fmt: skip


def _trust_over_time() -> Made:
    about = About(
        "Trust over time", TRUST_TEXT, "none", [runbook("HalflifeInstrumentDrift"), live_page()],
        trust_steps(), [trust_words()],
    )  # fmt: skip
    return states(about, [Query(trust(), "{{stream}}")])


def _kept_over_time() -> Made:
    about = About(
        "Share of its fidelity at birth that each batch has kept",
        "The worst part of the fidelity now over the same part at birth. Under `keep` of the lab "
        "file (0.9 by default, beyond noise) a batch is replaced; under 0.5 it has passed its "
        "half-life.",
        "percentunit",
        [runbook("HalflifeFidelityUnderLimit"), live_page()],
        _KEPT,
        least=0,
    )
    retained = Query(best("halflife_retained_ratio", "stream"), "{{stream}}")
    return drawn(about, [retained], line_at_steps=True)


def _rate() -> Made:
    about = About(
        "Records a second",
        "Real records as they are taken in. A stream that falls to nothing: the instrument, its "
        "computer or the connector; or the campaign has ended.",
        "short",
        [runbook("HalflifeNoRecords"), live_page()],
        least=0,
    )
    return drawn(about, [Query("stream:halflife_records:rate5m", "{{stream}}")], stacked=True)


def _alerts() -> Made:
    about = About(
        "Alerts that fire, by kind",
        "Streams in which a kind of alert fires.",
        "none",
        [runbook("HalflifeInstrumentDrift"), live_page()],
        steps((1, LOOK), below=GOOD),
        least=0,
    )
    return drawn(about, [Query(f"sum by (kind) ({_ALERTS})", "{{kind}}")], stacked=True)


def _said() -> Rows:
    about = About(
        "What the alerts say that fire",
        "In the words of the topic of alerts. The runbook has a section for each.",
        "none",
        [runbook("HalflifeInstrumentDrift"), live_page()],
        width=24,
        empty="nothing: all is well",
    )
    query = f"max without ({WORKER}, job) (stream_kind_text:halflife_alert_info:last)"
    return Rows(
        about,
        [
            Column("Stream", label="stream", links=[("Dashboard of this stream", STREAM_BOARD)]),
            Column("Alert", label="kind", links=[("Runbook", "${runbook}")], width=200),
            Column("What it says", label="text"),
            Column("Info", query, hidden=True),
        ],
    )
