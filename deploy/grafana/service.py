"""The service: whether records are taken in, and whether its parts live."""

from __future__ import annotations

from typing import Final

from .board import Board, Row
from .column import Column
from .links import live_page, runbook
from .panels import BAD, GOOD, LOOK, About, Made, Rows, drawn, number, states, steps
from .query import WORKER, Query, best

_JOBS: Final = 'job=~"halflife-(monitor|generator|connect)"'
_STOOD: Final = "time() - halflife_worker_progress_timestamp_seconds"
_UNSAVED: Final = f"time() - {best('halflife_snapshot_timestamp_seconds', 'partition')}"


def service() -> Board:
    """For who keeps it running."""
    return Board(
        name="service",
        title="Halflife: service",
        text="Workers, throughput, lag, dead letters, Kafka and graphics cards.",
        back="6h",
        rows=[
            Row("Now", _numbers()),
            Row("Records", _records()),
            Row("Instruments", _sources()),
            Row("Dead letters", _dead_letters()),
            Row("Workers", _workers()),
            Row("Kafka", _kafka()),
            Row("Graphics cards", _cards()),
        ],
    )


def _numbers() -> list[Made]:
    up = About(
        "Workers that answer", "Workers of all kinds that Prometheus reaches.", "short",
        [runbook("HalflifeWorkerGone"), live_page()], steps((1, LOOK), (2, GOOD), below=BAD),
        width=6, height=4,
    )  # fmt: skip
    waits = About(
        "Messages that wait", "In the topic of records, not yet taken in. It matters where it "
        "rises for minutes: then what Halflife says is late.", "short",
        [runbook("HalflifeLagRising"), live_page()],
        steps((1000, LOOK), (100_000, BAD), below=GOOD), width=6, height=4,
    )  # fmt: skip
    dead = About(
        "Dead letters in 15 minutes", "Messages that could not be used; they are kept with the "
        "reason. More than five is an alert.", "short",
        [runbook("HalflifeDeadLettersRising"), live_page()], steps((1, LOOK), (6, BAD), below=GOOD),
        width=6, height=4,
    )  # fmt: skip
    kafka = About(
        "Kafka answers", "To any worker, when it was last asked.", "bool_yes_no",
        [runbook("HalflifeBrokerUnreachable"), live_page()], steps((1, GOOD), below=BAD),
        width=6, height=4,
    )  # fmt: skip
    return [
        number(up, Query(f"sum(up{{{_JOBS}}})")),
        number(waits, Query("sum(topic:halflife_input_lag_records:sum)")),
        number(dead, Query("sum(reason:halflife_dead_letters:increase15m) or vector(0)")),
        number(kafka, Query("max(halflife_broker_up)")),
    ]


def _records() -> list[Made]:
    rate = About(
        "Records a second", "Real records taken in, by stream.", "short",
        [runbook("HalflifeNoRecords"), live_page()], least=0,
    )  # fmt: skip
    outcome = About(
        "What becomes of records", "Repeated: an identity that was seen before, counted once.",
        "short", [runbook("HalflifeContamination"), live_page()], least=0,
    )  # fmt: skip
    lag = About(
        "Messages that wait, by partition", "A partition that waits alone holds a stream that "
        "waits for a challenger; all of them: more workers are needed.", "short",
        [runbook("HalflifeLagRising"), live_page()],
        steps((1000, LOOK), (100_000, BAD), below=GOOD), least=0,
    )  # fmt: skip
    silence = About(
        "Silence of each stream beside the longest pause that is no news",
        "Above 1 the stream is silent for longer than its reference makes plausible: the "
        "instrument, its computer or the connector, or the campaign has ended.", "percentunit",
        [runbook("HalflifeNoRecords"), live_page()], steps((1, BAD), below=GOOD), least=0,
    )  # fmt: skip
    taken = "sum by (outcome) (rate(halflife_records_total[$__rate_interval]))"
    waits = best("halflife_input_lag_records", "topic", "partition")
    quiet = "stream:halflife_silence_seconds:min / stream:halflife_longest_pause_seconds:max"
    return [
        drawn(rate, [Query("stream:halflife_records:rate5m", "{{stream}}")], stacked=True),
        drawn(outcome, [Query(taken, "{{outcome}}")], stacked=True),
        drawn(lag, [Query(waits, "{{topic}} {{partition}}")], line_at_steps=True),
        drawn(silence, [Query(quiet, "{{stream}}")], line_at_steps=True),
    ]


def _sources() -> list[Made]:
    heard = About(
        "Sources", "Green while a source of the lab file can be heard. `/ready` of the connect "
        "worker says why one cannot.", "bool_on_off", [runbook("HalflifeSourceAway"), live_page()],
        steps((1, GOOD), below=BAD), empty="the lab file has no sources",
    )  # fmt: skip
    said = About(
        "Records a second, by source", "What connectors have written to Kafka.", "short",
        [runbook("HalflifeSourceAway"), live_page()], least=0, empty="no source speaks",
    )  # fmt: skip
    refused = About(
        "What sources gave and could not be used", "In each stretch of time; it lies in the dead "
        "letters with its address in the source.", "short",
        [runbook("HalflifeDeadLettersRising"), live_page()], steps((1, LOOK), below=GOOD), least=0,
        empty="nothing was refused",
    )  # fmt: skip
    gaps = About(
        "Times in which a source could not be heard", "In each stretch of time, where the protocol "
        "does not keep what was said meanwhile.", "short",
        [runbook("HalflifeSourceGap"), live_page()], steps((1, LOOK), below=GOOD), least=0,
        empty="none",
    )  # fmt: skip
    of = "sum by (source) "
    written = of + '(rate(halflife_source_records_total{outcome="accepted"}[$__rate_interval]))'
    bad = "sum by (source, reason) (increase(halflife_source_refused_total[$__rate_interval]))"
    quiet = of + "(increase(halflife_source_gaps_total[$__rate_interval]))"
    return [
        states(heard, [Query(best("halflife_source_up", "source"), "{{source}}")]),
        drawn(said, [Query(written, "{{source}}")], stacked=True),
        drawn(refused, [Query(bad, "{{source}}: {{reason}}")], draw="bars"),
        drawn(gaps, [Query(quiet, "{{source}}")], draw="bars"),
    ]


def _dead_letters() -> list[Made]:
    links = [runbook("HalflifeDeadLettersRising"), live_page()]
    lately = About(
        "Dead letters in 15 minutes, by reason", "unknown-stream and unknown-column: the lab file "
        "does not know what is sent. out-of-range: a limit of the lab file, or a unit.", "short",
        links, steps((6, BAD), below=GOOD), least=0,
    )  # fmt: skip
    ever = About(
        "Dead letters since the workers began", "By reason; `halflife dlq list` shows them.",
        "short", links, least=0,
    )  # fmt: skip
    total = "sum by (reason) (halflife_dead_letters_total)"
    recent = "reason:halflife_dead_letters:increase15m"
    return [
        drawn(lately, [Query(recent, "{{reason}}")], draw="bars", line_at_steps=True),
        drawn(ever, [Query(total, "{{reason}}")]),
    ]


def _workers() -> list[Made | Rows]:
    gone, stuck = runbook("HalflifeWorkerGone"), runbook("HalflifeWorkerStuck")
    up = About(
        "Workers", "Green while a worker answers; after two minutes of red an alert fires.",
        "bool_on_off", [gone, live_page()], steps((1, GOOD), below=BAD),
    )  # fmt: skip
    stood = About(
        "Seconds since a worker last got on", "Two minutes are too many: it is stuck.", "s",
        [stuck, live_page()], steps((30, LOOK), (120, BAD), below=GOOD), least=0,
    )  # fmt: skip
    saved = About(
        "Seconds since a partition was saved", "What was taken in since then is done again after "
        "a restart, and its findings are not out yet.", "s",
        [runbook("HalflifeSnapshotTooOld"), live_page()],
        steps((60, LOOK), (300, BAD), below=GOOD), least=0,
    )  # fmt: skip
    cpu = About(
        "Processor time", "Cores that each worker keeps busy, without its children.", "short",
        [runbook("HalflifeLagRising"), live_page()], least=0,
    )  # fmt: skip
    memory = About(
        "Memory", "Resident memory of each worker, without its children; flat is right.", "bytes",
        [gone, live_page()], least=0,
    )  # fmt: skip
    hook = About(
        "Deliveries to the webhook", "In each stretch of time, by how they ended; only where "
        "HALFLIFE_WEBHOOK_URL is set.", "short", [runbook("HalflifeWebhookFailing"), live_page()],
        steps((1, LOOK), below=GOOD), least=0, empty="no webhook is set",
    )  # fmt: skip
    builds = About(
        "Versions", "Workers of different versions side by side: an update is under way.", "none",
        [gone, live_page()], width=12,
    )  # fmt: skip
    left_out = About(
        "Series left out", "Updates left out because a label has too many values.", "short",
        [runbook("HalflifeLabelsDropped"), live_page()], steps((1, LOOK), below=GOOD), least=0,
        empty="none",
    )  # fmt: skip
    told = "sum by (outcome) (increase(halflife_webhook_deliveries_total[$__rate_interval]))"
    dropped = f"sum without ({WORKER}, job) (halflife_labels_dropped_total) or vector(0)"
    worker = "{{worker}} {{instance}}"
    return [
        states(up, [Query(f"up{{{_JOBS}}}", "{{job}} {{instance}}")]),
        drawn(stood, [Query(_STOOD, worker)], line_at_steps=True),
        drawn(saved, [Query(_UNSAVED, "partition {{partition}}")], line_at_steps=True),
        drawn(hook, [Query(told, "{{outcome}}")], draw="bars"),
        drawn(cpu, [Query(f"rate(process_cpu_seconds_total{{{_JOBS}}}[$__rate_interval])",
                          "{{job}} {{instance}}")]),
        drawn(memory, [Query(f"process_resident_memory_bytes{{{_JOBS}}}", "{{job}} {{instance}}")]),
        Rows(builds, [
            Column("Worker", label="worker"), Column("Address", label="instance"),
            Column("Version", label="version"), Column("Python", label="python"),
            Column("Info", "max by (worker, instance, version, python) (halflife_build_info)",
                   hidden=True),
        ]),
        drawn(left_out, [Query(dropped, "{{label}}")]),
    ]  # fmt: skip


def _kafka() -> list[Made]:
    links = [runbook("HalflifeBrokerUnreachable"), live_page()]
    answers = About(
        "Kafka answers whom", "To each worker that asks for the lag.", "bool_on_off", links,
        steps((1, GOOD), below=BAD),
    )  # fmt: skip
    errors = About(
        "Questions to Kafka that failed", "Since the workers began. A rise without an outage: the "
        "network, certificates, or permissions.", "short", links, steps((1, LOOK), below=GOOD),
        least=0,
    )  # fmt: skip
    group = About(
        "Lag of the consumer groups", "Under the name that dashboards made for kafka_exporter use.",
        "short", [runbook("HalflifeLagRising"), live_page()],
        steps((1000, LOOK), (100_000, BAD), below=GOOD), least=0,
    )  # fmt: skip
    written = About(
        "Messages written a second", "To the topics that the monitor workers read, by topic.",
        "short", [runbook("HalflifeNoRecords"), live_page()], least=0,
    )  # fmt: skip
    each = best("kafka_consumergroup_lag", "consumergroup", "topic", "partition")
    lag = f"sum by (consumergroup, topic) ({each})"
    ends = (
        "sum by (topic) (max by (topic, partition) "
        "(rate(kafka_topic_partition_current_offset[$__rate_interval])))"
    )
    return [
        states(answers, [Query("halflife_broker_up", "{{job}} {{instance}}")]),
        drawn(errors, [Query("halflife_lag_errors_total", "{{job}} {{instance}}")]),
        drawn(group, [Query(lag, "{{consumergroup}} {{topic}}")], line_at_steps=True),
        drawn(written, [Query(ends, "{{topic}}")], stacked=True),
    ]


def _cards() -> list[Made]:
    link = [runbook("HalflifeRegenerationFailed"), live_page()]
    none = "no NVIDIA card in the generator workers"
    use = About(
        "Use of graphics cards", "Share of the last moments in which a card computed. Nothing "
        "while a challenger is trained: its generator needs no card, or torch does not see it.",
        "percentunit", link, least=0, most=1, empty=none,
    )  # fmt: skip
    memory = About(
        "Memory of graphics cards in use", "Near 1 a training fails for want of memory, and a "
        "batch is made by trees instead.", "percentunit", link,
        steps((0.8, LOOK), (0.95, BAD), below=GOOD), least=0, most=1, empty=none,
    )  # fmt: skip
    share = "halflife_gpu_memory_used_bytes / halflife_gpu_memory_total_bytes"
    card = "{{instance}} {{gpu}}: {{name}}"
    return [
        drawn(use, [Query("halflife_gpu_utilization_ratio", card)]),
        drawn(memory, [Query(share, card)], line_at_steps=True),
    ]
