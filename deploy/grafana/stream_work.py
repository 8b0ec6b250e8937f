"""What is done about a stream: the panels on regenerations."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from .links import live_page, runbook
from .panels import BAD, GOOD, LOOK, PLAIN, About, Made, drawn, states, steps
from .query import Query, best

_OF: Final = 'stream="$stream"'
_SECONDS: Final = "halflife_regeneration_duration_seconds"


def regenerations() -> list[Made]:
    """Requests and how they end, what they cost, and the guard against collapse."""
    return [_pending(), _ended(), _fruitless(), _guard(), _duration(), _cost()]


def _pending() -> Made:
    about = About(
        "A batch is being made",
        "From the request to its answer. A band that does not end: no generator worker answers.",
        "bool_yes_no", [runbook("HalflifeGeneratorSilent"), live_page(of_stream=True)],
        steps((1, PLAIN), below="text"),
    )  # fmt: skip
    pending = best("halflife_regeneration_pending", "stream", of=_OF)
    halted = best("halflife_regeneration_halted", "stream", of=_OF)
    return states(about, [Query(pending, "being made"), Query(halted, "halted by the guard")])


def _ended() -> Made:
    about = About(
        "Requests that were answered",
        "Since the generator workers began, by cause and by how they ended. Rejected: the gate "
        "found the challenger no better on real records that neither batch had seen.",
        "short", [runbook("HalflifeRegenerationRejected"), live_page(of_stream=True)], least=0,
    )  # fmt: skip
    answered = f"sum by (cause, outcome) (halflife_regenerations_total{{{_OF}}})"
    return drawn(about, [Query(answered, "{{cause}}: {{outcome}}")], stacked=True)


def _fruitless() -> Made:
    about = About(
        "Requests in a row without a better batch",
        "From three on what circulates is known to be stale, and the next try is unlikely to end "
        "otherwise.",
        "short", [runbook("HalflifeRegenerationFruitless"), live_page(of_stream=True)],
        steps((1, LOOK), (3, BAD), below=GOOD), least=0,
    )  # fmt: skip
    failures = best("halflife_regeneration_failures", "outcome", of=_OF)
    return drawn(about, [Query(failures, "{{outcome}}")], stacked=True, line_at_steps=True)


def _guard() -> Made:
    about = About(
        "Loss of the latest batch beside that of the first",
        "The guard against collapse: batches that feed on batches lose variety. At 1 the latest "
        "batch describes fixed real records as well as the first of its epoch did; beyond 1.03 (by "
        "default, and beyond noise) regeneration halts. Where it rises, look whether synthetic "
        "rows come back as records.",
        "short", [runbook("HalflifeCollapseGuard"), live_page(of_stream=True)],
        steps((1.01, LOOK), (1.03, BAD), below=GOOD),
    )  # fmt: skip
    loss = best("halflife_guard_loss_ratio", "stream", of=_OF)
    return drawn(about, [Query(loss, "loss")], line_at_steps=True)


def _duration() -> Made:
    about = About(
        "How long a challenger took",
        "Training, sampling and judging: half of them, and 19 of 20, took less, since the "
        "generator workers began. While it lasts the stream may stand.",
        "s", [runbook("HalflifeLagRising"), live_page(of_stream=True)],
        steps((300, LOOK), (900, BAD), below=GOOD), least=0,
    )  # fmt: skip
    buckets = f"sum by (le) ({_SECONDS}_bucket{{{_OF}}})"
    return drawn(
        about,
        [
            Query(f"histogram_quantile(0.5, {buckets})", "half"),
            Query(f"histogram_quantile(0.95, {buckets})", "19 of 20"),
        ],
    )


def _cost() -> Made:
    about = About(
        "What its batches have cost",
        "Computing time of the challengers since the generator workers began, and the energy that "
        "graphics cards took for them.",
        "s", [runbook("HalflifeRegenerationFailed"), live_page(of_stream=True)], least=0,
    )  # fmt: skip
    cpu = f"sum(halflife_regeneration_cpu_seconds_total{{{_OF}}})"
    energy = f"sum(halflife_regeneration_energy_joules_total{{{_OF}}})"
    made = drawn(about, [Query(cpu, "processor"), Query(energy, "energy")])
    return made.override_by_name("energy", [DynamicConfigValue(id_val="unit", value="joule")])
