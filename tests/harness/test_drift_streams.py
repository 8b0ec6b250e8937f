from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, norm, t

from tests.harness.drift_run import run_of, summary
from tests.harness.drift_streams import (
    CHANGES,
    REFERENCE,
    STREAM,
    UNCHANGED,
    changed_stream,
    divergence,
    shortest_delay,
)


def test_kinds_of_one_seed_share_their_reference_and_change_where_no_window_is() -> None:
    streams = {kind: changed_stream(kind, 8, 5) for kind in (*CHANGES, UNCHANGED)}
    assert len({each.reference.digest() for each in streams.values()}) == 1
    assert len({each.stream.digest() for each in streams.values()}) == len(streams)
    for kind, each in streams.items():
        assert (len(each.reference), len(each.stream)) == (REFERENCE, STREAM)
        assert (each.change is None) == (kind == UNCHANGED)
        assert each.change is None or 1000 <= each.change < 1500


def test_margins_are_as_told() -> None:
    streams = [changed_stream(UNCHANGED, 8, seed).stream for seed in range(4)]
    x = np.concatenate([stream.numbers for stream in streams])
    assert kstest(x[:, 5], norm.cdf).pvalue > 0.001
    assert kstest(x[:, 7] * math.sqrt(3), t(3).cdf).pvalue > 0.001
    rare = np.mean([(stream.texts == "f").mean() for stream in streams])
    assert rare == pytest.approx(0.01, abs=4 * math.sqrt(0.01 / len(x)))
    assert np.corrcoef(x[:, 0], x[:, 2])[0, 1] == pytest.approx(0.36, abs=0.03)


def test_a_change_changes_what_it_says_and_nothing_else() -> None:
    after = {}
    for kind in CHANGES:
        made = [changed_stream(kind, 8, seed) for seed in range(4)]
        after[kind] = np.concatenate([each.stream.numbers[each.change :] for each in made])
    assert after["mean +.5 sigma"][:, 0].mean() == pytest.approx(0.5, abs=0.04)
    assert after["variance x1.5"][:, 0].var() == pytest.approx(1.5, abs=0.08)
    assert np.corrcoef(after["correlation"][:, :2].T)[0, 1] == pytest.approx(-0.6, abs=0.03)
    assert after["tail"][:, 1].var() == pytest.approx(0.97 + 0.03 * 25, abs=0.2)
    assert all(abs(x[:, 4].mean()) < 0.04 for x in after.values())


@pytest.mark.parametrize("d", [8, 16])
def test_divergences_are_those_of_the_formulas(d: int) -> None:
    explained = 0.6**2
    joint, alone = divergence("mean +.5 sigma", d) or (0.0, 0.0)
    assert joint == pytest.approx(0.125 / (1 - explained))
    assert alone == pytest.approx(0.125)
    # A column that turns: E (x - mu)^2 / (2 v) grows by (2 mu)^2 / (2 v), mu = .6 x its neighbour.
    joint, alone = divergence("correlation", d) or (0.0, 1.0)
    assert (joint, alone) == (pytest.approx(2 * explained / (1 - explained)), 0.0)

    def integrand(x: float) -> float:
        mixed = 0.97 * norm.pdf(x) + 0.03 * norm.pdf(x, 0, 5)
        return float(mixed * (math.log(mixed) - norm.logpdf(x)))

    joint, alone = divergence("tail", d) or (0.0, 0.0)
    assert alone == pytest.approx(quad(integrand, -60, 60, limit=200)[0], rel=1e-4)
    assert joint > alone
    assert divergence("gradual", d) is None
    assert shortest_delay("mean +1 sigma", d, math.exp(5)) == (
        pytest.approx(5 / 0.78125),
        pytest.approx(10),
    )


def test_what_many_runs_come_to() -> None:
    stream = changed_stream("mean +1 sigma", 8, 0)
    change = stream.change
    assert change is not None
    early = run_of("mean +1 sigma", stream, [10, change + 7, change + 9])
    never = run_of("mean +1 sigma", stream, [change - 1])
    assert (early.early, early.quiet, early.delay) == (1, change, 7.0)
    assert math.isinf(never.delay)
    both = summary([early, never])
    assert (both.runs, both.found) == (2, 1)
    assert both.early.value == pytest.approx(100_000 / change)
