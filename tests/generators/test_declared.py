"""Distributions that a user declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from halflife.generators import BrokenProcess, Declared, Generator, Where, create
from halflife.generators.distribution import ARGUMENTS, Distribution
from halflife.schemas.lab import Lab
from halflife.schemas.table import Block, Column, EquationLaw, Kind, Role, SumLaw, Table

from .readme_examples import example

ROWS = 4000
CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("normal", {"mean": 3, "sd": 2}, stats.norm(3, 2)),
    ("lognormal", {"median": 2, "factor": 1.5}, stats.lognorm(np.log(1.5), scale=2)),
    ("uniform", {"low": -1, "high": 4}, stats.uniform(-1, 5)),
    ("triangular", {"low": 0, "mode": 1, "high": 4}, stats.triang(0.25, 0, 4)),
    ("gamma", {"shape": 3, "scale": 0.5}, stats.gamma(3, scale=0.5)),
    ("beta", {"a": 2, "b": 5, "low": 1, "high": 3}, stats.beta(2, 5, 1, 2)),
]


def block_of(table: Table, numbers: np.ndarray, texts: np.ndarray | None = None) -> Block:
    empty = np.empty((len(numbers), 0), dtype=object)
    return Block(table, numbers, empty if texts is None else texts)


@pytest.mark.parametrize(("kind", "arguments", "law"), CASES)
def test_cells_follow_the_law_of_the_textbook(
    kind: str, arguments: dict[str, Any], law: Any
) -> None:
    cells = Distribution("x", kind, arguments).draw({}, ROWS, np.random.default_rng(0))
    assert stats.kstest(cells, law.cdf).pvalue > 0.001
    again = Distribution("x", kind, {}).fit(cells)
    assert again.fitted
    drawn = again.draw({}, ROWS, np.random.default_rng(1))
    assert stats.ks_2samp(cells, drawn).statistic < 0.06


def test_counts_grids_and_levels() -> None:
    random = np.random.default_rng(0)
    counts = Distribution("n", "poisson", {"mean": 4}).draw({}, ROWS, random)
    assert counts.mean() == pytest.approx(4, abs=0.1)
    assert counts.var() == pytest.approx(4, abs=0.4)
    grid = Distribution("g", "grid", {"low": 0.1, "high": 0.7, "step": 0.2})
    assert set(grid.draw({}, ROWS, random)) == {0.1, 0.3, 0.5, 0.7}
    assert dict(grid.fit(np.array([0.3, 0.5, 0.9])).arguments) == {
        "low": 0.3,
        "high": 0.9,
        "step": 0.2,
    }
    levels = Distribution("w", "categorical", {"levels": ["a", "b"], "weights": [3, 1]})
    assert np.mean(levels.draw({}, ROWS, random) == "a") == pytest.approx(0.75, abs=0.03)
    seen = np.array(["x", None, "y", "x"], dtype=object)
    assert Distribution("w", "categorical", {}).fit(seen).arguments["levels"] == ["x", "y"]
    assert set(Distribution("c", "constant", {"value": 2}).draw({}, 5, random)) == {2.0}


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    plan = Lab.parse(example("Distributions that are declared", "toml")).streams["plan"]
    generator = create(plan.generator, plan.table, **plan.generator_options)
    texts = np.full((30, 1), "DMF", dtype=object)
    generator.fit(block_of(plan.table, np.ones((30, 2)), texts), seed=0)
    made = generator.sample(1000, seed=1)
    assert set(made.number("temperature")) == set(np.arange(300.0, 401.0, 10.0))
    assert np.mean(made.text("solvent") == "DMSO") == pytest.approx(0.25, abs=0.05)
    rest = made.number("rate") - 0.02 * (made.number("temperature") - 290)
    assert rest.std() == pytest.approx(0.05, rel=0.1)
    assert made.number("rate").min() >= 0
    assert generator.sample(300, seed=1).digest() == made[:300].digest()
    generator.save(tmp_path / "plan.npz")
    assert Generator.load(tmp_path / "plan.npz").sample(300, seed=1).digest() == made[:300].digest()


def test_laws_and_other_columns_follow_what_is_declared() -> None:
    table = Table(
        (
            *(Column(name=name, role=Role.SET_POINT, minimum=0, maximum=1) for name in "ab"),
            Column(name="y"),
            Column(name="ratio", role=Role.DERIVED),
        ),
        (SumLaw(("a", "b"), equals=1.0), EquationLaw("ratio = y / a", tolerance=0.1)),
    )
    random = np.random.default_rng(0)
    a = random.uniform(0.1, 0.9, 400)
    y = 5 * a + 0.1 * random.standard_normal(400)
    ratio = y / a * np.exp(0.02 * random.standard_normal(400))
    rows = block_of(table, np.column_stack([a, 1 - a, y, ratio]))
    declared = Declared(table, columns={"a": {"distribution": "beta", "a": 2, "b": 2}})
    declared.fit(rows, seed=0)
    made = declared.sample(1000, seed=1)
    assert stats.kstest(made.number("a"), stats.beta(2, 2).cdf).pvalue > 0.001
    assert made.violations(table.laws[0]) == 0
    assert made.violations(table.laws[1]) <= 5
    inside = (made.number("a") > 0.2) & (made.number("a") < 0.8)
    assert np.abs(made.number("y") - 5 * made.number("a"))[inside].mean() < 0.3
    some = declared.sample(100, seed=2, where=Where.of({"a": (0.4, 0.6)}, table))
    assert some.number("a").min() >= 0.4


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"distribution": "cauchy"}, "no distribution 'cauchy'; there are constant, normal"),
        ({"distribution": "normal", "mean": 1}, "normal lacks 'sd': give all of mean, sd, or none"),
        ({"distribution": "normal", "mean": 1, "sd": 0}, "'sd' must be above 0, not 0"),
        (
            {"distribution": "normal", "mean": 1, "low": 0, "sd": 1},
            "normal has no 'low'; it has",
        ),
        ({"distribution": "normal", "mean": "z", "sd": 1}, "'z' in its formula is no declared num"),
        ({"distribution": "normal", "mean": "2 *", "sd": 1}, "invalid syntax"),
        ({"distribution": "normal", "mean": "open('y')", "sd": 1}, "is not allowed"),
        ({"distribution": "categorical", "levels": ["a"]}, "a number cannot be categorical"),
        ({"distribution": "normal", "mean": "y", "sd": 1}, "y need each other in a circle"),
        ({"distribution": "uniform", "low": 0, "high": np.inf}, "'high' is not finite"),
    ],
)
def test_what_is_declared_wrong_is_told_at_once(entry: dict[str, Any], said: str) -> None:
    table = Table((Column(name="x"), Column(name="y")))
    with pytest.raises(BrokenProcess, match=said):
        Declared(table, columns={"y": entry})


def test_what_goes_wrong_in_rows_is_told() -> None:
    table = Table((Column(name="x"), Column(name="y")))
    columns = {
        "x": {"distribution": "uniform", "low": -1, "high": 1},
        "y": {"distribution": "normal", "mean": 0, "sd": "x"},
    }
    declared = Declared(table, columns=columns)
    declared.fit(block_of(table, np.ones((20, 2))), seed=0)
    with pytest.raises(
        BrokenProcess, match=r"'sd' = x is -0\.\d+ in \d+ of 256 rows; it must be ab"
    ):
        declared.sample(1, seed=0)
    empty = Declared(table, columns={"x": {"distribution": "gamma"}})
    with pytest.raises(BrokenProcess, match="gamma cannot be fitted: no real row has a cell"):
        empty.fit(block_of(table, np.full((20, 2), np.nan)), seed=0)
    with pytest.raises(BrokenProcess, match="no such column; there are x, y"):
        Declared(table, columns={"z": {"distribution": "normal"}})


def test_the_schema_knows_all_distributions() -> None:
    from halflife.schemas.process_plan import DistributionPlan

    fields = set(DistributionPlan.model_fields) - {"distribution"}
    assert fields == {name for names in ARGUMENTS.values() for name in names}
    for kind in ARGUMENTS:
        assert DistributionPlan.model_validate({"distribution": kind}).arguments == {}


def test_integers_stay_whole_and_limits_hold() -> None:
    table = Table((Column(name="n", kind=Kind.INTEGER, minimum=0, maximum=3),))
    declared = Declared(table, columns={"n": {"distribution": "normal", "mean": 1, "sd": 3}})
    declared.fit(block_of(table, np.ones((20, 1))), seed=0)
    assert set(declared.sample(500, seed=0).number("n")) == {0.0, 1.0, 2.0, 3.0}
