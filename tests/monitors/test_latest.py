"""The latest records."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.monitors.latest import KEPT, Latest
from halflife.monitors.rank_scores import RankScores

CODES = np.arange(600, dtype=np.int16)[None] % 250


@given(cuts=st.lists(st.integers(0, 600), max_size=6))
def test_cuts_and_stops_change_nothing(cuts: list[int]) -> None:
    latest, edges = Latest(1), sorted({0, *cuts, 600})
    for first, last in itertools.pairwise(edges):
        latest = Latest.of_state(json.loads(json.dumps(latest.state())))
        latest.take(CODES[:, first:last])
        kept = latest.between(0, last)
        assert kept[:, -last:].tolist() == CODES[:, max(0, last - KEPT - 1) : last].tolist()
    whole = Latest(1)
    whole.take(CODES)
    assert json.dumps(latest.state()) == json.dumps(whole.state())


def test_an_alarm_within_a_block_is_told_from_what_came_before_it() -> None:
    latest = Latest(1)
    latest.take(CODES[:, :200])
    latest.take(CODES[:, 200:600])
    assert latest.between(190, 210).tolist() == CODES[:, 190:210].tolist()
    assert latest.between(0, 201).tolist() == CODES[:, 201 - KEPT - 1 : 201].tolist()


@pytest.mark.parametrize("records", [0, 50, 500])
def test_its_state_does_not_grow_and_rest_forgets(records: int) -> None:
    fresh, latest = json.dumps(Latest(1).state()), Latest(1)
    latest.take(CODES[:, :records])
    assert len(json.dumps(latest.state())) < len(fresh) + 20
    latest.rest()
    assert json.dumps(latest.state()) == fresh
    assert set(Latest(1).between(0, 0)[0].tolist()) <= {RankScores.missing}
