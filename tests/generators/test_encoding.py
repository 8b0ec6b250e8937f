"""Rows as a matrix and back."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators.encoding import Encoding
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))
cells = st.one_of(
    st.none(), st.integers(-3, 3).map(float), st.floats(-1e12, 1e12, allow_subnormal=False)
)
row = st.fixed_dictionaries(
    {"x": cells, "y": cells, "who": st.sampled_from([None, "ann", "bob", "Zoë"])}
)


@given(rows=st.lists(row, min_size=1, max_size=40), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_decoding_undoes_encoding(rows: list[dict[str, object]], seed: int) -> None:
    block = Block.from_rows(TABLE, rows)
    encoding = Encoding.of(block)
    matrix = encoding.encode(block, np.random.default_rng(seed))
    assert matrix.shape == (len(rows), encoding.width)
    assert np.isfinite(matrix).all()
    decoded = encoding.decode(matrix, np.random.default_rng(seed))
    assert np.array_equal(decoded.texts, block.texts)
    # Between two values .5 ulp of the score is some ulp of the number: exact up to that.
    span = np.nanmax(np.abs(block.numbers), initial=1.0)
    np.testing.assert_allclose(decoded.numbers, block.numbers, rtol=0, atol=1e-9 * span)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_whatever_the_matrix_rows_stay_within_what_was_seen(seed: int) -> None:
    random = np.random.default_rng(seed)
    numbers = np.column_stack([random.normal(size=50), random.choice([1.0, 2.0, 5.0], 50)])
    numbers[::6, 0] = np.nan
    texts = random.choice(np.array(["ann", "bob"], dtype=object), (50, 1))
    encoding = Encoding.of(Block(TABLE, numbers, texts))
    made = encoding.decode(10 * random.normal(size=(200, encoding.width)), random)
    x = made.number("x")
    assert np.nanmin(x) >= np.nanmin(numbers[:, 0])
    assert np.nanmax(x) <= np.nanmax(numbers[:, 0])
    assert set(made.number("y")) <= {1.0, 2.0, 5.0}
    assert set(made.text("who")) <= {"ann", "bob"}


def test_scores_are_normal_and_ties_are_spread_over_their_share() -> None:
    random = np.random.default_rng(0)
    numbers = np.column_stack([random.exponential(size=4000), random.integers(0, 2, 4000)])
    block = Block(TABLE, numbers.astype(float), np.full((4000, 1), "ann", dtype=object))
    scores = Encoding.of(block).encode(block, random)[:, :2] / 0.5
    quantiles = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    exact = np.array([-1.2816, -0.6745, 0.0, 0.6745, 1.2816])
    for j in range(2):
        np.testing.assert_allclose(np.quantile(scores[:, j], quantiles), exact, atol=0.06)
    # Zeros are below the ones, and nothing else is known of them.
    assert scores[numbers[:, 1] == 0, 1].max() <= scores[numbers[:, 1] == 1, 1].min()


def test_rare_levels_beyond_the_indicators_are_drawn_by_their_share() -> None:
    table = Table((Column(name="who", kind=Kind.CATEGORY),))
    names = [f"often {k}" for k in range(127) for _ in range(10)]
    names += ["rare a"] * 6 + ["rare b"] * 2
    block = Block.from_rows(table, [{"who": name} for name in names])
    encoding = Encoding.of(block)
    assert encoding.width == 128
    matrix = encoding.encode(block, np.random.default_rng(0))
    pooled = np.repeat(matrix[-1:], 4000, axis=0)
    drawn = encoding.decode(pooled, np.random.default_rng(1)).text("who")
    assert set(drawn) == {"rare a", "rare b"}
    assert abs(np.mean(drawn == "rare a") - 0.75) < 0.03


def test_state_is_plain_data_and_arrays() -> None:
    block = Block.from_rows(TABLE, [{"x": float(i), "who": "ab"[i % 2]} for i in range(30)])
    encoding = Encoding.of(block)
    state, arrays = encoding.state()
    again = Encoding.restore(TABLE, json.loads(json.dumps(state)), arrays)
    matrix = np.random.default_rng(3).normal(size=(50, encoding.width))
    first, second = (one.decode(matrix, np.random.default_rng(4)) for one in (encoding, again))
    assert first.digest() == second.digest()
