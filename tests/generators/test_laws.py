"""Rows to latents and back, laws kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

from halflife.generators import ConflictingLaws, create
from halflife.generators.composition import Composition
from halflife.generators.laws import LawCoding
from halflife.generators.seen_compositions import SeenCompositions
from halflife.schemas.table import Block, Column, EquationLaw, Kind, Law, SumLaw, Table


def table_of(names: str, *laws: Law) -> Table:
    return Table(tuple(Column(name=name) for name in names.split()), laws)


def block_of(table: Table, *columns: np.ndarray) -> Block:
    numbers = np.column_stack(columns)
    return Block(table, numbers, np.empty((len(numbers), 0), dtype=object))


def test_two_laws_and_a_chain_of_formulas_come_back() -> None:
    random = np.random.default_rng(0)
    table = table_of(
        "a b c speed way hours",
        EquationLaw("hours = way / speed"),
        EquationLaw("way = 3 * a + b"),
        SumLaw(("a", "b", "c"), equals=1.0),
    )
    parts = random.dirichlet([1.0, 1.0, 1.0], size=60)
    way = 3 * parts[:, 0] + parts[:, 1]
    speed = random.uniform(1, 2, 60)
    block = block_of(table, *parts.T, speed, way, way / speed)
    coding = LawCoding.of(block)
    assert coding.latent_table.names == (
        "share of a",
        "share of b",
        "speed",
        "residual of way",
        "residual of hours",
    )
    restored = LawCoding.restore(table, json.loads(json.dumps(coding.state())))
    decoded = restored.decode(restored.encode(block))
    np.testing.assert_allclose(decoded.numbers, block.numbers, atol=1e-12)
    assert all(decoded.violations(law) == 0 for law in table.laws)


def test_missing_parts_come_back_as_missing() -> None:
    table = table_of("a b", SumLaw(("a", "b"), equals=1.0))
    a = np.round(np.arange(40) * 0.025, 3)
    b = np.round(1 - a, 3)
    holes = a.copy()
    holes[::7] = np.nan
    b[:2] = np.nan
    block = block_of(table, holes, b)
    coding = LawCoding.of(block)
    assert coding.latent_table.names[:2] == ("a is missing", "b is missing")
    decoded = coding.decode(coding.encode(block))
    assert np.array_equal(np.isnan(decoded.numbers), np.isnan(block.numbers))
    assert decoded.violations(table.laws[0]) == 0
    whole = ~np.isnan(block.numbers).any(axis=1)
    assert np.array_equal(decoded.numbers[whole], block.numbers[whole])


def test_replicated_compositions_are_drawn_whole() -> None:
    table = table_of("a b", SumLaw(("a", "b"), equals=1.0))
    a = np.tile([0.1, 0.4, 0.7], 20)
    (one,) = LawCoding.of(block_of(table, a, 1 - a)).sums
    assert isinstance(one, SeenCompositions)
    a = np.linspace(0, 1, 60)
    (other,) = LawCoding.of(block_of(table, a, 1 - a)).sums
    assert isinstance(other, Composition)


def test_a_law_that_no_row_shows_leaves_the_columns_as_they_are() -> None:
    table = table_of("a b", SumLaw(("a", "b"), equals=1.0))
    block = block_of(table, np.arange(30.0), np.full(30, np.nan))
    coding = LawCoding.of(block)
    assert coding.sums == ()
    assert coding.decode(coding.encode(block)).digest() == block.digest()


@pytest.mark.parametrize(
    "laws",
    [
        (SumLaw(("a", "b"), equals=1.0), SumLaw(("b", "c"), equals=1.0)),
        (EquationLaw("a = 2 * b"), EquationLaw("a = 3 * c")),
        (SumLaw(("a", "b"), equals=1.0), EquationLaw("b = 1 - a")),
        (EquationLaw("a = 2 * b"), EquationLaw("b = a / 2")),
    ],
)
def test_laws_that_cannot_all_be_kept_are_refused_with_their_texts(laws: tuple[Law, ...]) -> None:
    with pytest.raises(ConflictingLaws) as caught:
        create("trees", table_of("a b c", *laws))
    assert all(law.text in str(caught.value) for law in laws)


def test_integers_and_digits_are_kept() -> None:
    table = Table((Column(name="n", kind=Kind.INTEGER), Column(name="x")))
    block = block_of(table, np.array([1.0, 2.0, 5.0]), np.array([0.25, 0.5, 1.75]))
    coding = LawCoding.of(block)
    wild = block_of(table, np.array([1.4, 3.6]), np.array([0.3, 1.1]))
    assert np.array_equal(coding.decode(wild).numbers, [[1.0, 0.25], [4.0, 1.0]])


def test_the_violation_rate_of_a_noisy_equation_is_that_of_the_real_rows() -> None:
    """Eight rows in ten keep the law within 4 %, two are off: as in the thermoelectric table."""
    table = table_of(
        "seebeck conductivity temperature kappa zt",
        EquationLaw("zt = seebeck**2 * conductivity * temperature / kappa", tolerance=0.1),
    )
    random = np.random.default_rng(1)
    rows = 3000
    seebeck = np.exp(0.5 * random.normal(size=rows) - 8)
    conductivity = np.exp(random.normal(size=rows) + 11)
    temperature = random.choice(np.arange(300.0, 800.0, 25.0), rows)
    kappa = np.exp(0.4 * random.normal(size=rows))
    spread = np.where(random.random(rows) < 0.8, 0.04, 0.6)
    zt = seebeck**2 * conductivity * temperature / kappa
    zt *= np.exp(spread * random.normal(size=rows))
    block = block_of(table, seebeck, conductivity, temperature, kappa, zt)
    trees = create("trees", table)
    trees.fit(block, seed=0)
    made = trees.sample(9000, seed=0)
    rate = block.violations(table.laws[0]) / rows
    # Standard error of a rate near .19 from 3,000 rows: .007.
    assert made.violations(table.laws[0]) / 9000 == pytest.approx(rate, abs=0.02)


def test_a_sum_that_scatters_is_broken_as_often_as_in_the_real_rows() -> None:
    table = table_of("a b c", SumLaw(("a", "b", "c"), equals=100.0, tolerance=0.15))
    random = np.random.default_rng(2)
    exact = 100 * random.dirichlet([4.0, 3.0, 2.0], size=2000)
    block = block_of(table, *np.round(exact + 0.05 * random.normal(size=exact.shape), 1).T)
    trees = create("trees", table)
    trees.fit(block, seed=0)
    made = trees.sample(6000, seed=0)
    rate = block.violations(table.laws[0]) / 2000
    assert 0.05 < rate < 0.5
    # Standard error of the real rate: .01 at most.
    assert made.violations(table.laws[0]) / 6000 == pytest.approx(rate, abs=0.03)
