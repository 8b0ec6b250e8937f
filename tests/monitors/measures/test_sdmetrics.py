"""A second opinion: SDMetrics (MIT), where it measures the same.

SDMetrics imports a class of `copulas`, which has no open licence and is not installed here, for a
loss function that none of these metrics uses; while it is imported, an empty one takes its place.
"""

from __future__ import annotations

import sys
import types
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from halflife.monitors.gower_rows import GowerRows
from halflife.monitors.measures import MEASURES, Comparison
from halflife.schemas.table import Block, Column, Kind, Table

TABLE = Table(
    (
        Column(name="x"),
        Column(name="n", kind=Kind.INTEGER),
        Column(name="y"),
        Column(name="a", kind=Kind.CATEGORY),
        Column(name="b", kind=Kind.CATEGORY),
    )
)
NUMBERS, CATEGORIES = ("x", "n", "y"), ("a", "b")
SDTYPES = {name: {"sdtype": "numerical"} for name in NUMBERS} | {
    name: {"sdtype": "categorical"} for name in CATEGORIES
}
METADATA = {"columns": SDTYPES, "tables": {"runs": {"columns": SDTYPES}}}


@pytest.fixture(scope="module")
def sdmetrics() -> Any:
    if find_spec("sdmetrics") is None:
        pytest.skip("sdmetrics is absent: make setup")
    names = ("copulas", "copulas.univariate", "copulas.univariate.base")
    stand_in = {name: types.ModuleType(name) for name in names if name not in sys.modules}
    if names[2] in stand_in:
        vars(stand_in[names[2]])["Univariate"] = object
    sys.modules.update(stand_in)
    try:
        return pytest.importorskip("sdmetrics")
    finally:
        for name in stand_in:
            del sys.modules[name]


def rows(n: int, seed: int, *, missing: float = 0.1, shift: float = 0.0) -> Block:
    generator = np.random.default_rng(seed)
    x = generator.normal(shift, 1.0, n)
    numbers = np.column_stack(
        [x, generator.poisson(3.0, n), 0.5 * x + generator.normal(size=n)]
    ).astype(float)
    numbers[generator.random((n, 3)) < missing] = np.nan
    texts = np.empty((n, 2), dtype=object)
    a = generator.choice(list("uvwz"), n, p=[0.5, 0.3, 0.19, 0.01])
    texts[:, 0] = a.tolist()
    texts[:, 1] = np.where(generator.random(n) < 0.5, a, generator.choice(list("uvw"), n)).tolist()
    texts[generator.random((n, 2)) < missing] = None
    return Block(TABLE, numbers, texts)


REAL, SYNTHETIC = rows(300, 0), rows(200, 1, shift=0.4)


def ours(name: str, real: Block = REAL, synthetic: Block = SYNTHETIC, **train: Block) -> Any:
    return MEASURES[name]().measure(Comparison.of(real, synthetic, seed=0, draws=5, **train))


def of_pair(name: str, *columns: str) -> float:
    pairs = ours(name).details["pairs"]
    return float(next(p["value"] for p in pairs if set(p["columns"]) == set(columns)))


@pytest.mark.parametrize(
    ("name", "theirs", "columns", "is_complement"),
    [
        ("kolmogorov_smirnov", "KSComplement", NUMBERS, True),
        ("total_variation", "TVComplement", CATEGORIES, True),
        ("missing_cells", "MissingValueSimilarity", NUMBERS + CATEGORIES, True),
        ("range_coverage", "RangeCoverage", NUMBERS, False),
        ("range_adherence", "BoundaryAdherence", NUMBERS, False),
        ("category_coverage", "CategoryCoverage", CATEGORIES, False),
        ("category_adherence", "CategoryAdherence", CATEGORIES, False),
    ],
)
def test_single_columns_agree(
    sdmetrics: Any, name: str, theirs: str, columns: tuple[str, ...], is_complement: bool
) -> None:
    real, synthetic = REAL.to_frame(), SYNTHETIC.to_frame()
    found = ours(name).details["columns"]
    for column in columns:
        there = real[column], synthetic[column]
        if theirs == "CategoryAdherence":  # theirs counts missing cells among the categories
            there = there[0].dropna(), there[1].dropna()
        score = getattr(sdmetrics.single_column, theirs).compute(*there)
        value = found[column]["value"]
        assert (1.0 - value if is_complement else value) == pytest.approx(score, abs=1e-12)


def test_their_summary_of_a_table_is_our_mean_of_columns(sdmetrics: Any) -> None:
    metric = sdmetrics.single_table.KSComplement
    score = metric.compute(REAL.to_frame(), SYNTHETIC.to_frame(), METADATA["tables"]["runs"])
    assert 1.0 - ours("kolmogorov_smirnov").value == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("statistic", ["mean", "median", "std"])
def test_statistics_agree(sdmetrics: Any, statistic: str) -> None:
    metric = sdmetrics.single_column.StatisticSimilarity
    key = {"std": "sd"}.get(statistic, statistic)
    found = ours("moments").details["columns"]
    for column in NUMBERS:
        there = REAL.to_frame()[column], SYNTHETIC.to_frame()[column]
        score = metric.compute_breakdown(*there, statistic=statistic)
        assert found[column]["real"][key] == pytest.approx(score["real"], abs=1e-12)
        assert found[column]["synthetic"][key] == pytest.approx(score["synthetic"], abs=1e-12)


@pytest.mark.parametrize("columns", [("x", "y"), ("x", "n")])
def test_correlations_agree(sdmetrics: Any, columns: tuple[str, str]) -> None:
    metric = sdmetrics.column_pairs.CorrelationSimilarity
    there = [side.to_frame()[list(columns)] for side in (REAL, SYNTHETIC)]
    score = metric.compute(*there, coefficient="Pearson")
    assert 1.0 - of_pair("correlation_distance", *columns) / 2.0 == pytest.approx(score, abs=1e-12)


def test_rank_correlations_agree_where_no_cell_is_missing(sdmetrics: Any) -> None:
    """With missing cells they rank anew in the rows where both columns have a cell."""
    metric = sdmetrics.column_pairs.CorrelationSimilarity
    sides = rows(300, 0, missing=0.0), rows(200, 1, missing=0.0, shift=0.4)
    there = [side.to_frame()[["x", "n"]] for side in sides]
    score = metric.compute(*there, coefficient="Spearman")
    pairs = ours("rank_correlation_distance", *sides).details["pairs"]
    value = next(p["value"] for p in pairs if set(p["columns"]) == {"x", "n"})
    assert 1.0 - value / 2.0 == pytest.approx(score, abs=1e-12)


def test_contingencies_agree(sdmetrics: Any) -> None:
    metric = sdmetrics.column_pairs.ContingencySimilarity
    there = [side.to_frame()[["a", "b"]] for side in (REAL, SYNTHETIC)]
    expected = pytest.approx(metric.compute(*there), abs=1e-12)
    assert 1.0 - of_pair("pair_total_variation", "a", "b") == expected


def test_new_rows_are_those_that_are_no_near_copies(sdmetrics: Any) -> None:
    train = rows(150, 2)
    jitter = Block(TABLE, train.numbers[:60] * 1.006, train.texts[:60])
    jitter.numbers[:, 1] = train.numbers[:60, 1]
    synthetic = Block.concatenate([jitter, SYNTHETIC])
    metric = sdmetrics.single_table.NewRowSynthesis
    frames = [
        block.to_frame().astype(dict.fromkeys(CATEGORIES, object)) for block in (train, synthetic)
    ]
    score = metric.compute(*frames, METADATA["tables"]["runs"])
    value = ours("near_copies", REAL, synthetic, train=train).value
    assert 1.0 - value == pytest.approx(score, abs=1e-12)


def test_distances_to_the_closest_record_agree(sdmetrics: Any) -> None:
    """Gower's. Ours is at least 1/2, theirs 1, from a missing number to one that is there."""
    from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr

    train, other = rows(80, 2, missing=0.0), rows(60, 3, missing=0.0)
    low, high = train.numbers.min(axis=0), train.numbers.max(axis=0)
    other = Block(TABLE, np.clip(other.numbers, low, high), other.texts)
    theirs = calculate_dcr(other.to_frame(), train.to_frame(), METADATA["tables"]["runs"])
    own, _, rest = GowerRows.of([train, train, other])
    assert rest.nearest(own) == pytest.approx(theirs.to_numpy(), abs=1e-12)


def test_protection_from_overfitting_agrees_but_for_ranges_and_ties(sdmetrics: Any) -> None:
    """Theirs takes the range of each real part by itself, and calls a tie nearer to the held-out.

    Ours takes one range for both, or the part with the wider range would seem nearer, and half of a
    tie, or the share would be under a half where rows repeat. Here the ranges are made the same.
    """
    extreme = Block.concatenate([rows(150, 4, missing=0.0), rows(150, 5, missing=0.0)])
    ends = extreme[[*extreme.numbers.argmin(axis=0), *extreme.numbers.argmax(axis=0)]]
    train, held_out = (Block.concatenate([rows(150, s, missing=0.0), ends]) for s in (4, 5))
    synthetic = rows(150, 6, missing=0.0)
    metric = sdmetrics.single_table.DCROverfittingProtection
    frames = [block.to_frame() for block in (train, synthetic, held_out)]
    score = metric.compute_breakdown(*frames, METADATA, "runs")
    share = score["synthetic_data_percentages"]["closer_to_training"]
    value = ours("closest_record_share", held_out, synthetic, train=train).value
    assert 0.0 <= value - share < 0.02  # half of the ties at the common ends


def test_copulas_is_not_installed() -> None:
    assert find_spec("copulas") is None
