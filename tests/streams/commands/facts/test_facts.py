"""What pages show, against what theory says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp, spearmanr
from scipy.stats.contingency import association

from halflife.schemas.table import Block, Column, Kind, Role, Table
from halflife.streams.commands.facts.dependence import dependence
from halflife.streams.commands.facts.marginals import marginals
from halflife.streams.commands.facts.predictions import predictions
from halflife.streams.commands.facts.residuals import residuals
from halflife.streams.commands.facts.telling import telling
from halflife.streams.commands.facts.time_column import time_column
from halflife.streams.commands.facts.timeline import timeline

TABLE = Table(
    (
        Column(name="x", role=Role.SET_POINT),
        Column(name="y", unit="V"),
        Column(name="c", role=Role.SET_POINT, kind=Kind.CATEGORY),
        Column(name="d", role=Role.CONTEXT, kind=Kind.CATEGORY),
    ),
    target="y",
)


def rows(n: int, seed: int, slope: float = 1.0, scale: float = 1.0) -> Block:
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    c = random.choice(["a", "b", "c"], n).astype(object)
    y = slope * x + scale * random.normal(size=n) + (c == "a")
    d = np.where(random.random(n) < 0.7, c, "a").astype(object)
    return Block(TABLE, np.column_stack([x, y]), np.column_stack([c, d]))


def test_distances_and_tests_are_those_of_scipy() -> None:
    real, synthetic = rows(200, 0), rows(300, 1, slope=0.5)
    x, y, c, _ = marginals(real, synthetic)
    test = ks_2samp(real.number("y"), synthetic.number("y"), method="asymp")
    assert (y["distance"], y["p_value"]) == pytest.approx((test.statistic, test.pvalue))
    counts = [[list(side.text("c")).count(level) for level in "abc"] for side in (real, synthetic)]
    shares = np.array(counts) / np.sum(counts, axis=1, keepdims=True)
    assert c["distance"] == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)
    assert c["p_value"] == pytest.approx(chi2_contingency(counts)[1])
    for column in (x, y):
        shape = column["shape"]
        for i, side in enumerate(("real", "synthetic")):
            assert sum(shape[side]) + shape["outside"][i] == pytest.approx(1.0)
    assert sum(c["shape"]["real"]) == pytest.approx(1.0)


def test_of_equal_columns_few_differ_beyond_noise_and_of_others_those_that_do() -> None:
    columns = tuple(Column(name=f"x{i}") for i in range(40))
    random = np.random.default_rng(0)
    wrong = 0
    for _ in range(10):
        real, synthetic = random.normal(size=(2, 100, 40))
        synthetic[:, 0] += 2.0
        nothing = np.empty((100, 0), dtype=object)
        found = marginals(*(Block(Table(columns), x, nothing) for x in (real, synthetic)))
        assert found[0]["beyond_noise"]
        wrong += sum(each["beyond_noise"] for each in found[1:])
    # Expected: a share of 5 % of all that are named, 10 of them rightly.
    assert wrong <= 4


def test_dependence_is_that_of_scipy() -> None:
    real, synthetic = rows(300, 0), rows(300, 1)
    found = dependence(real, synthetic, seed=0)
    assert found is not None
    assert found["columns"] == ["x", "y", "c", "d"]
    matrix = np.array(found["real"], dtype=float)
    rho = spearmanr(real.number("x"), real.number("y")).statistic
    assert matrix[0, 1] == matrix[1, 0] == pytest.approx(rho)
    codes = pd.crosstab(real.text("c"), real.text("d")).to_numpy()
    assert matrix[2, 3] == pytest.approx(association(codes, method="cramer"))
    ranks = pd.Series(real.number("y")).rank()
    between = ranks.groupby(real.text("c")).transform("mean").var(ddof=0)
    assert matrix[1, 2] == pytest.approx(np.sqrt(between / ranks.var(ddof=0)))


def test_differences_of_dependence_are_noise_or_not() -> None:
    quiet = [dependence(rows(150, 2 * i), rows(150, 2 * i + 1), seed=0) for i in range(10)]
    # Half a one is expected beyond the 95 % of the largest difference; 4 have a chance of .001.
    assert sum(each["pairs_beyond_noise"] > 0 for each in quiet if each) < 4
    loud = dependence(rows(150, 0), rows(150, 1, slope=-1.0), seed=0)
    assert loud is not None
    worst = loud["most_different"][0]
    assert worst["columns"] == ["x", "y"]
    assert worst["beyond_noise"]
    assert worst["real"] > 0 > worst["synthetic"]


def test_the_column_that_gives_the_batch_away_is_named() -> None:
    found = telling(rows(300, 0), rows(300, 1, scale=4.0), seed=0)
    assert found is not None
    assert found["area"] > found["noise"]
    assert found["columns"][0]["column"] == "y"
    assert found["columns"][0]["beyond_noise"]
    low, high = found["columns"][0]["interval"]
    assert low < found["columns"][0]["drop"] < high


def test_nothing_gives_away_what_is_real() -> None:
    named = 0
    for seed in range(5):
        found = telling(rows(200, 2 * seed), rows(200, 2 * seed + 1), seed=seed)
        assert found is not None
        assert abs(found["area"] - 0.5) < 0.12
        named += sum(each["beyond_noise"] for each in found["columns"])
    assert named <= 1
    assert telling(rows(19, 0), rows(200, 1), seed=0) is None


def test_predictions_of_a_false_batch_err_more() -> None:
    real = rows(300, 0, scale=0.1)
    good, bad = (predictions(real, rows(300, 1, slope, 0.1), seed=0)[0] for slope in (1.0, -1.0))
    assert good["unit"] == "V"
    assert good["error"]["batch"] == pytest.approx(good["error"]["real"], rel=0.3)
    assert bad["error"]["real"] == good["error"]["real"]
    assert bad["error"]["batch"] > good["error"]["constant"] > good["error"]["batch"]
    middle = np.median(real.number("y"))
    assert good["error"]["constant"] == pytest.approx(np.abs(real.number("y") - middle).mean())
    assert len(good["points"]) == 250


def test_what_set_points_explain_is_taken_away() -> None:
    block = rows(900, 0, scale=0.2)
    block.number("y")[600:] += 1.0
    left = residuals(block, "y", 400, seed=0)
    assert left is not None
    assert abs(np.median(left[:400])) < 0.1
    assert np.median(left[600:]) == pytest.approx(1.0, abs=0.15)
    assert left[:400].std() < 0.6 * block.number("y")[:400].std()
    assert residuals(block, "x", 400, seed=0) is None
    assert residuals(block, "y", 10, seed=0) is None


def found(records: int, reference: int, columns: list[str]) -> dict[str, Any]:
    alarm = {"record": records - 1, "change_point": reference, "columns": columns}
    return {"reference": {"first": 0, "last": reference - 1}, "alarms": [alarm]}


def test_alarmed_columns_come_first_and_quantiles_are_theirs() -> None:
    block = rows(600, 0)
    along = timeline(block, found(600, 300, ["c"]), seed=0)
    assert [each["column"] for each in along["columns"]] == ["c", "y", "y"]
    assert [each.get("residual", False) for each in along["columns"]] == [False, False, True]
    assert along["more"] == 2
    width = 600 // len(along["records"])
    low, middle, high = np.quantile(block.number("y")[:width], [0.1, 0.5, 0.9])
    column = along["columns"][1]
    assert [column[key][0] for key in ("low", "median", "high")] == pytest.approx(
        [low, middle, high]
    )


def test_no_record_has_no_timeline() -> None:
    along = timeline(Block.empty(TABLE), {"reference": {"last": -1}, "alarms": []}, seed=0)
    assert along == {"records": [], "columns": [], "more": 4}


@pytest.mark.parametrize(
    ("cells", "known"),
    [
        (["2013-12-02 21:15:00", "2013-12-02 21:20:00"], True),
        (["2025-01-01T00:00:00Z", "2025-01-01T00:00:00.5Z"], True),
        (["2025-01-02", "2025-01-01"], False),
        (["2025-01-02", "2025-01-02"], False),
        (["ann", "bo"], False),
        (["2025-01-02", None], False),
    ],
)
def test_times_are_known_by_their_form(cells: list[str | None], known: bool) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "at": pd.Series(cells, dtype=object)})
    assert (time_column(frame, ["x"]) is not None) is known
