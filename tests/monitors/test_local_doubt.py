from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors.local_doubt import LocalDoubt


def features(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([np.rint(rng.normal(size=(n, 2)) * 256) / 256, np.ones(n)])


def test_the_error_is_that_of_least_squares() -> None:
    """Where records stay at one place f, the regression errs there by sqrt(f (F'F)^-1 f)."""
    known = features(0, 400)
    doubt = LocalDoubt.fit(known, 1e-9)
    place = np.array([1.5, -2.0, 1.0])
    error, variance = doubt.of(np.tile(place, (320, 1)), np.ones(320, dtype=bool), 0)[:, -1]
    theory = place @ np.linalg.inv(known.T @ known) @ place
    assert error == pytest.approx(1.3 * np.sqrt(theory - 1 / 400), rel=1e-3)
    usual = 3 / 397  # p / (n - p), near enough
    assert variance == pytest.approx(np.hypot(1.3 * (theory - usual), 1.5 * error), rel=0.05)


def test_all_over_the_reference_nothing_is_in_doubt() -> None:
    doubt = LocalDoubt.fit(features(0, 400), 1e-9)
    error, variance = doubt.of(features(1, 640), np.ones(640, dtype=bool), 0)[:, -1]
    assert error < 0.02
    assert variance < 0.03


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.lists(st.integers(0, 300), max_size=6), st.integers(0, 6))
def test_cuts_and_stops_change_nothing(cuts: list[int], stop: int) -> None:
    known, rows = features(0, 300), features(2, 300) * [1.0, 2.0, 1.0]
    judged = np.random.default_rng(3).random(300) < 0.9
    whole = LocalDoubt.fit(known, 1e-6)
    expected = whole.of(rows, judged, 0)
    doubt = LocalDoubt.fit(known, 1e-6)
    edges = [0, *sorted(cuts), 300]
    found: dict[int, list[float]] = {}
    for i, (first, last) in enumerate(itertools.pairwise(edges)):
        for place, each in enumerate(doubt.of(rows[first:last], judged[first:last], first).T):
            found[first // 64 + place] = each.tolist()
        if i == stop:
            doubt = LocalDoubt.of_state(json.loads(json.dumps(doubt.state())))
    assert [found[segment] for segment in sorted(found)] == expected.T.tolist()
    assert json.dumps(doubt.state()) == json.dumps(whole.state())
