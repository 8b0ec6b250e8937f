"""Trees under conditions, beside the conditional laws that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from halflife.generators import Generator, ShortOfRows, Trees, UnsuitableCondition, Where
from halflife.schemas.table import (
    Block,
    Column,
    EquationLaw,
    Kind,
    OrderLaw,
    Role,
    SumLaw,
    Table,
)

ROWS = 2000
PAIR = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))


def fitted(table: Table, numbers: np.ndarray, texts: np.ndarray | None = None) -> Trees:
    empty = np.empty((len(numbers), 0), dtype=object)
    trees = Trees(table)
    trees.fit(Block(table, numbers, empty if texts is None else texts), seed=0)
    return trees


def made(trees: Generator, text: str, rows: int = 1000, seed: int = 1) -> Block:
    block = trees.sample(rows, seed=seed, where=Where.parse(text, trees.table))
    assert len(block) == rows
    assert Where.parse(text, trees.table).met(block).all()
    return block


@pytest.fixture(scope="module")
def gaussian() -> Trees:
    """``corr(x, y) = .8``: given y, x is normal with mean .8 y and standard deviation .6."""
    random = np.random.default_rng(0)
    x = random.standard_normal(ROWS)
    return fitted(PAIR, np.column_stack([x, 0.8 * x + 0.6 * random.standard_normal(ROWS)]))


@pytest.mark.parametrize("y", [-1.0, 0.0, 1.0])
def test_given_what_is_measured_the_set_points_are_those_of_the_gaussian(
    gaussian: Trees, y: float
) -> None:
    x = made(gaussian, f"y = {y}").number("x")
    # Of 2,000 rows some 150 lie within the kernel: a standard error of .6 / sqrt(150) = .05.
    assert x.mean() == pytest.approx(0.8 * y, abs=0.15)
    assert x.std() == pytest.approx(0.6, abs=0.12)


@pytest.mark.parametrize("x", [-1.0, 0.0, 1.0])
def test_given_the_set_point_the_answer_is_that_of_the_gaussian(gaussian: Trees, x: float) -> None:
    block = made(gaussian, f"x = {x}")
    assert (block.number("x") == x).all()
    assert block.number("y").mean() == pytest.approx(0.8 * x, abs=0.15)
    assert block.number("y").std() == pytest.approx(0.6, abs=0.15)


def test_a_tail_is_that_of_the_truncated_gaussian(gaussian: Trees) -> None:
    block = made(gaussian, "y > 1.5", rows=500)
    mills = stats.norm.pdf(1.5) / stats.norm.sf(1.5)  # E(y | y > c)
    assert block.number("y").mean() == pytest.approx(mills, abs=0.1)
    assert block.number("x").mean() == pytest.approx(0.8 * mills, abs=0.15)


def test_no_row_stands_twice(gaussian: Trees) -> None:
    for text in ("y = 1", "y > 1.5", "0 < x < 1"):
        assert len(np.unique(made(gaussian, text, rows=500).numbers, axis=0)) == 500


def test_it_agrees_with_rejection(gaussian: Trees) -> None:
    where = Where.parse("0.5 <= y <= 1.5", PAIR)
    particles = gaussian.sample(1000, seed=1, where=where)
    free = gaussian.sample(8000, seed=2)
    rejected = free[where.met(free)]
    for name in PAIR.names:
        apart = stats.ks_2samp(particles.number(name), rejected.number(name)).statistic
        assert apart < 1.63 * np.sqrt(1 / 1000 + 1 / len(rejected)) + 0.02  # 1 %, and the kernel


def test_levels_of_a_mixture_come_in_their_shares() -> None:
    """Bayes: ``p(who | y = 1)`` of two normal components is known."""
    table = Table((Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY), Column(name="y")))
    random = np.random.default_rng(1)
    left = random.random(ROWS) < 0.3
    y = np.where(left, 0.0, 2.0) + random.standard_normal(ROWS)
    texts = np.where(left, "left", "right").astype(object)[:, None]
    trees = fitted(table, y[:, None], texts)
    weight = 0.3 * stats.norm.pdf(1.5), 0.7 * stats.norm.pdf(1.5 - 2)
    share = np.mean(made(trees, "y = 1.5").text("who") == "left")
    # Some 170 rows lie within the kernel: three standard errors.
    assert share == pytest.approx(weight[0] / sum(weight), abs=0.08)
    both = made(trees, "who = left, y > 0")
    assert both.number("y").mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.15)  # half-normal


def mixtures(rows: int = 600) -> tuple[Table, np.ndarray]:
    """Fractions in steps of .05 that add up to 1, a start before its end, and a formula."""
    table = Table(
        (
            *(Column(name=n, role=Role.SET_POINT, minimum=0, maximum=1) for n in "abc"),
            Column(name="start"),
            Column(name="end"),
            Column(name="rate", role=Role.DERIVED),
        ),
        (
            SumLaw(("a", "b", "c"), equals=1.0),
            OrderLaw(("start", "end")),
            EquationLaw("rate = a / end", tolerance=0.1),
        ),
    )
    random = np.random.default_rng(2)
    parts = np.round(random.multinomial(20, [0.4, 0.3, 0.3], size=rows) * 0.05, 2)
    start = random.gamma(3.0, size=rows)
    end = start + random.exponential(size=rows) + parts[:, 0]
    rate = parts[:, 0] / end * np.exp(0.03 * random.standard_normal(rows))
    return table, np.column_stack([parts, start, end, rate])


@pytest.mark.parametrize(
    "text",
    [
        "a = 0.4",
        "c = 0.4",
        "a = 0.3, b = 0.25",
        "0.2 <= a <= 0.3, 0.3 <= c <= 0.4",
        "end = 4",
        "3 < end < 4, a = 0.35",
        "rate = 0.1",
        "rate > 0.2, start < 2",
    ],
)
def test_conditions_on_columns_under_laws_keep_the_laws(text: str) -> None:
    table, numbers = mixtures()
    block = made(fitted(table, numbers), text, rows=300)
    real = Block(table, numbers, np.empty((len(numbers), 0), dtype=object))
    assert block.violations(table.laws[0]) == block.violations(table.laws[1]) == 0
    # A noisy equation is broken as often as in the real rows, .1 %: three standard errors.
    assert block.violations(table.laws[2]) / 300 <= real.violations(table.laws[2]) / 600 + 0.03


def test_compositions_that_were_seen_are_chosen_by_their_parts() -> None:
    table = Table((Column(name="a"), Column(name="b")), (SumLaw(("a", "b"), equals=1.0),))
    a = np.tile([0.1, 0.4, 0.7], 40)
    trees = fitted(table, np.column_stack([a, 1 - a]))
    assert set(made(trees, "b > 0.5", rows=50).number("a")) == {0.1, 0.4}


def test_a_missing_cell_meets_no_condition() -> None:
    random = np.random.default_rng(0)
    numbers = random.standard_normal((300, 2))
    numbers[::2, 1] = np.nan
    block = made(fitted(PAIR, numbers), "y > 0", rows=200)
    assert block.missing("y") == 0


def test_what_lies_between_the_steps_is_refused_with_the_nearest(gaussian: Trees) -> None:
    x = np.tile([10.0, 20.0, 30.0], 40)
    trees = fitted(PAIR, np.column_stack([x, x]))
    with pytest.raises(UnsuitableCondition, match="'x = 15', the nearest are 10 and 20"):
        trees.sample(1, seed=0, where=Where.of({"x": 15}, PAIR))
    far = Where.of({"x": (2.0, None), "y": (None, -2.0)}, PAIR)
    with pytest.raises(ShortOfRows, match=r"of 4096 rows drawn freely \d+ met 'x >= 2'"):
        gaussian.sample(300, seed=0, where=far)


def test_given_set_points_are_taken_as_they_are() -> None:
    table, numbers = mixtures()
    trees = fitted(table, numbers)
    given = Table(table.columns[:3])
    planned = np.array([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2], [0.05, 0.45, 0.5]]).repeat(100, axis=0)
    block = trees.sample_given(Block(given, planned, np.empty((300, 0), dtype=object)), seed=3)
    assert np.array_equal(block.matrix("abc"), planned)
    assert block.violations(table.laws[2]) < 10
    assert block.violations(table.laws[1]) == 0
    some = trees.sample_given(Block(given, planned[:150], planned[:150, :0].astype(object)), seed=3)
    assert some.digest() == block[:150].digest()
