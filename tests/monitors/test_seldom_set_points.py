"""Set-points that not every recipe has, and categories in which new levels are usual."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from halflife.monitors import Drift, ReferenceTooShort
from halflife.monitors.set_point_model import SetPointModel
from halflife.schemas.table import Block, Column, Kind, Role, Table

RECIPES = Table(
    (
        Column(name="heat", role=Role.SET_POINT),
        Column(name="stir", role=Role.SET_POINT),
        Column(name="rate"),
    )
)
TAGGED = Table(
    (
        Column(name="dose", role=Role.SET_POINT),
        Column(name="tag", role=Role.CONTEXT, kind=Kind.CATEGORY),
        Column(name="rate"),
    )
)


def two_recipes(rows: int, seed: int, *, loss: float = 0.0) -> Block:
    """One recipe heats, the other stirs, none does both; scatter 0.1."""
    rng = np.random.default_rng(seed)
    heats = rng.random(rows) < 0.5
    set_to = rng.uniform(1, 3, rows)
    rate = np.where(heats, set_to, 10 - set_to**2) - loss + 0.1 * rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "heat": np.where(heats, set_to, np.nan),
            "stir": np.where(heats, np.nan, set_to),
            "rate": rate,
        }
    )
    return Block.from_frame(RECIPES, frame)


def tagged(rows: int, seed: int, seldom: float, first: int = 0) -> Block:
    """Rows of two tags, and a share whose tag comes once."""
    rng = np.random.default_rng(seed)
    dose = rng.uniform(0, 1, rows)
    tags = [
        f"once {first + i}" if odd else "ab"[i % 2]
        for i, odd in enumerate(rng.random(rows) < seldom)
    ]
    rate = dose + 0.1 * rng.normal(size=rows)
    return Block.from_frame(TAGGED, pd.DataFrame({"dose": dose, "tag": tags, "rate": rate}))


def test_recipes_with_set_points_of_their_own_are_judged_each_by_its_own() -> None:
    model, _ = SetPointModel.fit(two_recipes(400, 0), ("heat", "stir"), ("rate",))
    residuals, outside = model.residuals(two_recipes(4000, 1))
    assert outside.mean() < 0.05
    assert residuals[~outside].std() == pytest.approx(1.25, abs=0.2)  # of a mean |z| of .8
    rows = two_recipes(50, 2)
    again = SetPointModel.of_state(json.loads(json.dumps(model.state())))
    for found, due in zip(again.residuals(rows), model.residuals(rows), strict=True):
        assert found.tobytes() == due.tobytes()


def test_a_loss_is_found_though_no_record_has_all_set_points() -> None:
    drift = Drift(RECIPES, false_alarms=10_000)
    drift.fit(two_recipes(400, 4))
    assert not [alarm for alarm in drift.update(two_recipes(400, 5)) if alarm.is_fault]
    alarms = drift.update(two_recipes(200, 6, loss=0.15))
    assert alarms[0].columns == ("rate",)
    assert alarms[0].direction == "down"


def test_a_set_point_that_was_always_there_or_never_is_not_judged_without_or_with_it() -> None:
    def block(rows: int, first: float, second: float) -> Block:
        rng = np.random.default_rng(rows)
        frame = pd.DataFrame({"heat": first, "stir": second, "rate": rng.normal(size=rows)})
        return Block.from_frame(RECIPES, frame)

    model, _ = SetPointModel.fit(block(100, 1.0, np.nan), ("heat", "stir"), ("rate",))
    assert not model.residuals(block(10, 1.0, np.nan))[1].any()
    assert model.residuals(block(10, np.nan, np.nan))[1].all()
    assert model.residuals(block(10, 1.0, 2.0))[1].all()


@pytest.mark.parametrize(("seldom", "is_judged"), [(0.3, True), (0.02, False)])
def test_a_new_level_is_judged_where_new_ones_are_usual(seldom: float, is_judged: bool) -> None:
    model, _ = SetPointModel.fit(tagged(500, 0, seldom), ("dose", "tag"), ("rate",))
    _, outside = model.residuals(tagged(500, 1, 1.0, first=1000))
    assert outside.mean() == pytest.approx(0.0 if is_judged else 1.0, abs=0.05)


def test_levels_that_hardly_come_again_leave_too_little_to_learn_from() -> None:
    rows = Block.from_frame(
        TAGGED,
        pd.DataFrame(
            {"dose": np.arange(52.0), "tag": ["a"] * 47 + list("vwxyz"), "rate": np.arange(52.0)}
        ),
    )
    with pytest.raises(ReferenceTooShort, match="50 records or more; this one has 47"):
        Drift(TAGGED, false_alarms=1000).fit(rows)
