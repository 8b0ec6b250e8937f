"""Sums kept by construction, from shares and from seen compositions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators.composition import Composition
from halflife.generators.seen_compositions import SeenCompositions

quick = settings(max_examples=50, deadline=None, derandomize=True)


def parts_of(matrix: np.ndarray) -> dict[str, np.ndarray]:
    return {f"p{j}": matrix[:, j] for j in range(matrix.shape[1])}


def random_latents(composition: Composition, rows: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    latents = {name: random.random(rows) for name in composition.latents}
    if composition.total is None:
        low, high = sum(composition.lower), sum(composition.upper)
        latents[composition.latents[0]] = random.uniform(low - 1, high + 1, rows)
    return latents


@given(seed=st.integers(0, 10**6), parts=st.integers(2, 6), rows=st.integers(2, 40))
@quick
def test_rows_on_a_grid_come_back_exactly(seed: int, parts: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    matrix = np.round(random.multinomial(50, np.full(parts, 1 / parts), size=rows) * 0.02, 2)
    composition = Composition.of(parts_of(matrix))
    decoded = composition.decode(composition.encode(parts_of(matrix)))
    assert np.array_equal(np.column_stack(list(decoded.values())), matrix)
    restored = Composition.restore(composition.state())
    assert restored == composition


@given(seed=st.integers(0, 10**6), parts=st.integers(2, 6), scatter=st.booleans())
@quick
def test_any_shares_close_within_the_observed_limits(seed: int, parts: int, scatter: bool) -> None:
    random = np.random.default_rng(seed)
    matrix = 100 * random.dirichlet(np.full(parts, 0.7), size=30)
    if scatter:
        matrix[:, 0] += random.normal(0, 0.5, 30)
    composition = Composition.of(parts_of(matrix))
    assert (composition.total is None) == scatter
    assert composition.grid is None
    made = np.column_stack(
        list(composition.decode(random_latents(composition, 200, seed)).values())
    )
    assert (made >= matrix.min(axis=0) - 1e-9).all()
    assert (made <= matrix.max(axis=0) + 1e-9).all()
    total = made.sum(axis=1)
    if scatter:
        assert total.min() >= matrix.min(axis=0).sum() - 1e-9
    else:
        np.testing.assert_allclose(total, 100, rtol=1e-12)


@given(seed=st.integers(0, 10**6))
@quick
def test_continuous_rows_come_back(seed: int) -> None:
    matrix = np.random.default_rng(seed).dirichlet([1.0, 2.0, 0.5, 3.0], size=50)
    composition = Composition.of(parts_of(matrix))
    decoded = composition.decode(composition.encode(parts_of(matrix)))
    np.testing.assert_allclose(np.column_stack(list(decoded.values())), matrix, atol=1e-12)


def test_totals_that_scatter_are_learnt() -> None:
    matrix = np.array([[33.3, 33.3, 33.3], [50.0, 25.0, 25.1], [10.0, 20.0, 70.0]])
    composition = Composition.of(parts_of(matrix))
    latents = composition.encode(parts_of(matrix))
    assert composition.latents[0] == "total of p0 + p1 + p2"
    decoded = composition.decode(latents)
    assert np.array_equal(np.column_stack(list(decoded.values())), matrix)


def test_negative_parts_are_allowed() -> None:
    matrix = np.array([[-0.5, 0.25, 0.25], [0.5, -0.75, 0.25], [0.0, 0.0, 0.0]])
    composition = Composition.of(parts_of(matrix))
    decoded = composition.decode(composition.encode(parts_of(matrix)))
    assert np.array_equal(np.column_stack(list(decoded.values())), matrix)


def test_the_parts_are_told_as_soon_as_they_can_be() -> None:
    matrix = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
    composition = Composition.of(parts_of(matrix))
    latents = composition.encode(parts_of(matrix))
    assert composition.decode({}) == {}
    first = {"share of p0": latents["share of p0"]}
    assert list(composition.decode(first)) == ["p0"]
    assert list(composition.decode(latents)) == ["p0", "p1", "p2"]


def test_uniform_compositions_keep_their_marginals() -> None:
    """A naive rejection biases them; here independent shares of a Dirichlet(1, 1, 1) do not.

    There the first part is Beta(1, 2), and the share of the second in the rest is uniform and
    independent of it, so that shuffling the shares gives the same law (Wilks 1962, section 7.7).
    """
    random = np.random.default_rng(0)
    matrix = random.dirichlet([1.0, 1.0, 1.0], size=20_000)
    composition = Composition.of(parts_of(matrix))
    latents = composition.encode(parts_of(matrix))
    shuffled = {name: random.permutation(share) for name, share in latents.items()}
    made = np.column_stack(list(composition.decode(shuffled).values()))
    quantiles = np.linspace(0.05, 0.95, 19)
    exact = 1 - np.sqrt(1 - quantiles)  # quantiles of Beta(1, 2)
    for j in range(3):
        np.testing.assert_allclose(np.quantile(made[:, j], quantiles), exact, atol=0.012)


def test_seen_compositions_come_back_and_nothing_else_does() -> None:
    matrix = np.array([[0.5, 0.5], [0.2, 0.8], [0.5, 0.5], [0.2, 0.8]])
    seen = SeenCompositions.of(parts_of(matrix))
    latents = seen.encode(parts_of(matrix))
    decoded = seen.decode(latents)
    assert np.array_equal(np.column_stack(list(decoded.values())), matrix)
    wild = seen.decode({seen.latents[0]: np.array([-3.0, 0.4, 17.0])})
    assert np.array_equal(wild["p0"], [0.2, 0.2, 0.5])
    assert np.array_equal(SeenCompositions.restore(seen.state()).seen, seen.seen)
    with pytest.raises(ValueError, match="1 compositions were not seen"):
        seen.encode(parts_of(np.array([[0.1, 0.9]])))
