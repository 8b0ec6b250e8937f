"""Records that are taken back leave nothing behind."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors import Drift
from halflife.monitors.rewindable import Rewindable
from halflife.schemas.table import Block, Column, Table

TABLE = Table((Column(name="x"), Column(name="y")))
CELLS = np.random.default_rng(0).normal(size=(5000, 2))
CELLS[900:, 0] += 1.0  # so that there are alarms to take back
BLOCK = Block(TABLE, CELLS, np.empty((5000, 0), dtype=object))


def fitted() -> Drift:
    drift = Drift(TABLE, false_alarms=1000)
    drift.fit(BLOCK[:300])
    return drift


@settings(deadline=None, max_examples=20, derandomize=True)
@given(steps=st.lists(st.tuples(st.integers(1, 900), st.floats(0, 1)), min_size=1, max_size=8))
def test_it_stands_where_it_would_without_them(steps: list[tuple[int, float]]) -> None:
    tape, plain, done = Rewindable(fitted(), Block.concatenate), fitted(), 300
    for size, share in steps:
        block = BLOCK[done : done + size]
        back = int(share * len(block))
        tape.update(block)
        tape.back(back)
        plain.update(block[: len(block) - back])
        done += len(block) - back
    assert json.dumps(tape.monitor.state()) == json.dumps(plain.state())
