"""Sequential trees: what they keep of real rows, and at what cost."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from halflife.generators import Trees
from halflife.monitors import Privacy
from halflife.monitors.joint_fidelity import JointFidelity
from halflife.monitors.samples import Samples
from halflife.schemas.table import Block, Column, Kind, Role, SumLaw, Table
from tests.harness.lab_tables import LAB_TABLES, TableMissingError
from tests.harness.lab_tables import halves as lab_halves

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"


def solar_cells() -> Block:
    """1,040 blends of four materials, from the package olympus."""
    found = importlib.util.find_spec("olympus")
    if found is None or found.origin is None:
        pytest.skip("the package olympus is absent: pip install 'halflife[demo]'")
    path = Path(found.origin).parent / "datasets" / "dataset_photo_pce10" / "data.csv"
    parts = tuple(f"mat_{k}" for k in range(1, 5))
    frame = pd.read_csv(path, header=None, names=[*parts, "degradation"])
    columns = tuple(Column(name=n, role=Role.SET_POINT, minimum=0, maximum=1) for n in parts)
    table = Table(
        (*columns, Column(name="degradation", minimum=0)),
        (SumLaw(parts, equals=1.0),),
        target="degradation",
    )
    return Block.from_frame(table, frame)


def shared(name: str, target: str, drop: tuple[str, ...] = ()) -> Block:
    path = SHARED / name / "data.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    frame = pd.read_csv(path).drop(columns=list(drop))
    columns = tuple(
        Column(name=n, role=Role.MEASURED if n == target else Role.SET_POINT) for n in frame
    )
    return Block.from_frame(Table(columns, target=target), frame)


def skill(train: Block, test: Block) -> float:
    """R2 at the target of forests trained on ``train``, on ``test``."""
    target = train.table.target
    assert target is not None
    inputs = [name for name in train.table.numeric if name != target]
    model = ExtraTreesRegressor(100, random_state=0)
    model.fit(train.matrix(inputs), train.number(target))
    return float(model.score(test.matrix(inputs), test.number(target)))


def told_apart(real: Block, made: Block) -> float:
    """AUC of boosted trees that tell made rows from real ones, trained on every other row."""
    rows = np.concatenate([real.numbers, made.numbers])
    label = np.repeat([0, 1], [len(real), len(made)])
    model = HistGradientBoostingClassifier(random_state=0).fit(rows[::2], label[::2])
    return float(roc_auc_score(label[1::2], model.predict_proba(rows[1::2])[:, 1]))


def halves(block: Block, seed: int) -> tuple[Block, Block]:
    order = np.random.default_rng(seed).permutation(len(block))
    return block[order[: len(block) // 2]], block[order[len(block) // 2 :]]


def fitted(block: Block, seed: int = 0) -> Trees:
    trees = Trees(block.table)
    trees.fit(block, seed=seed)
    return trees


def test_solar_cells_350_rows_teach_nearly_what_the_real_ones_do() -> None:
    block = solar_cells()
    order = np.random.default_rng(0).permutation(len(block))
    train, test = block[order[:350]], block[order[350:850]]
    made = fitted(train).sample(1000, seed=0)
    assert made.violations(block.table.laws[0]) == 0
    np.testing.assert_allclose(block.table.laws[0].residual(made.values()), 0, atol=1e-15)
    grid = np.round(np.arange(51) * 0.02, 2)
    assert np.isin(made.matrix(block.table.set_points), grid).all()
    # Seen .74 to .78 against .84: noise is drawn as it is, not copied with its row.
    assert skill(made, test) > skill(train, test) - 0.15


def test_solar_cells_none_is_a_copy_and_new_blends_are_made() -> None:
    block = solar_cells()
    train, _ = halves(block, seed=0)
    made = fitted(train).sample(1000, seed=0)
    rows = {tuple(row) for row in train.numbers.tolist()}
    blends = {row[:4] for row in rows}
    drawn = [tuple(row) for row in made.numbers.tolist()]
    assert not rows & set(drawn)
    assert np.mean([row[:4] in blends for row in drawn]) < 0.5  # seen .24


@pytest.mark.parametrize(
    ("name", "target", "drop", "apart", "gap"),
    [
        ("concrete_strength", "strength_MPa", (), 0.80, 0.17),  # seen .72 to .73; .08 to .13
        ("agnp_flow", "spectrum_loss", ("condition",), 0.67, 0.05),  # seen .60; .01
    ],
)
def test_real_tables_are_kept_as_the_study_of_generators_found(
    name: str, target: str, drop: tuple[str, ...], apart: float, gap: float
) -> None:
    train, test = halves(shared(name, target, drop), seed=0)
    made = fitted(train).sample(len(train), seed=0)
    assert told_apart(test, made) < apart
    assert skill(made, test) > skill(train, test) - gap


def test_what_answers_follows_the_set_points() -> None:
    table = Table((Column(name="y"), Column(name="x", role=Role.SET_POINT)))
    random = np.random.default_rng(0)
    x = random.choice([1.0, 2.0, 3.0, 4.0], 800)
    y = 10 * x + 0.1 * random.normal(size=800)
    made = fitted(Block(table, np.column_stack([y, x]), np.empty((800, 0), dtype=object))).sample(
        4000, seed=0
    )
    for level in (1.0, 2.0, 3.0, 4.0):
        here = made.number("y")[made.number("x") == level]
        assert here.mean() == pytest.approx(10 * level, abs=0.03)
        assert here.std() == pytest.approx(0.1, abs=0.02)
        # 800 draws of four equal levels: standard error .015.
        assert len(here) / 4000 == pytest.approx(0.25, abs=0.05)


def test_levels_off_any_grid_and_zeros_of_a_spread_column_stay_what_they_are() -> None:
    table = Table((Column(name="age", unit="d"), Column(name="signal")))
    random = np.random.default_rng(0)
    age = random.choice([1.0, 3.0, 7.0, 28.0, 90.0], 400)
    signal = np.where(random.random(400) < 0.4, 0.0, random.gamma(2.0, size=400))
    numbers = np.column_stack([age, signal])
    made = fitted(Block(table, numbers, np.empty((400, 0), dtype=object))).sample(2000, seed=0)
    assert set(made.number("age")) == {1.0, 3.0, 7.0, 28.0, 90.0}
    # Standard error of a share from 400 rows: .025.
    assert np.mean(made.number("signal") == 0) == pytest.approx(np.mean(signal == 0), abs=0.05)
    assert len(np.unique(made.number("signal"))) > 1000


def _smooth(rows: int, seed: int, least: float = -9.0) -> Block:
    """A campaign of three set-points whose answer is smooth, and no less than the least."""
    columns = (*(Column(name=n, role=Role.SET_POINT) for n in "abc"), Column(name="y"))
    random = np.random.default_rng(seed)
    x = random.random((rows, 3))
    y = np.sin(3 * x[:, 0]) + x[:, 1] ** 2 - x[:, 0] * x[:, 2] + 0.05 * random.normal(size=rows)
    numbers = np.column_stack([x, np.maximum(y, least)])
    return Block(Table(columns, target="y"), numbers, np.empty((rows, 0), dtype=object))


def test_a_campaign_of_forty_runs_teaches_what_it_knows() -> None:
    lost = []
    for seed in range(4):
        train, test = _smooth(40, seed), _smooth(500, seed + 100)
        lost.append(skill(train, test) - skill(fitted(train).sample(40, seed=0), test))
    assert np.mean(lost) < 0.15  # seen .05; 1.2 with trees alone


def test_where_an_answer_is_zero_it_stays_so() -> None:
    train = _smooth(300, 0, least=0.5)
    made = fitted(train).sample(2000, seed=0)
    zero, real = made.number("y") == 0.5, train.number("y") == 0.5
    # Standard error of the share from 300 rows: .025; of the mean of a among them: .04.
    assert zero.mean() == pytest.approx(real.mean(), abs=0.075)
    assert made.number("a")[zero].mean() == pytest.approx(train.number("a")[real].mean(), abs=0.12)


def test_a_rare_level_of_the_target_keeps_its_share_and_its_own_place() -> None:
    random = np.random.default_rng(0)
    levels = np.repeat(np.array(["common", "usual", "rare"], dtype=object), [600, 484, 16])
    cells = random.normal(size=(1100, 14))
    cells += 3.0 * (levels == "usual")[:, None]
    cells[levels == "rare", :] += np.where(np.arange(14) % 2, 3.0, 0.0)
    columns = (Column(name="gas", kind=Kind.CATEGORY, role=Role.SET_POINT),)
    table = Table((*columns, *(Column(name=f"x{j}") for j in range(14))), target="gas")
    trees = Trees(table)
    trees.fit(Block(table, cells, levels[:, None]), seed=0)
    made = trees.sample(11_000, seed=1)
    rare = made.text("gas") == "rare"
    # Four standard errors of a binomial share; of a mean, those of the 16 rows it is learnt from.
    assert abs(rare.mean() - 16 / 1100) < 4 * np.sqrt(16 / 1100 / 11_000)
    apart = made.numbers[rare].mean(axis=0) - cells[levels == "rare"].mean(axis=0)
    assert np.abs(apart).max() < 4 / np.sqrt(16)


def test_missing_cells_depend_on_what_is_known() -> None:
    table = Table((Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY), Column(name="y")))
    random = np.random.default_rng(0)
    who = random.choice(np.array(["ann", "bob"], dtype=object), (1000, 1))
    y = random.normal(size=1000)
    y[(who[:, 0] == "bob") & (random.random(1000) < 0.5)] = np.nan
    made = fitted(Block(table, y[:, None], who)).sample(4000, seed=0)
    missing = np.isnan(made.number("y"))
    ann = made.text("who") == "ann"
    assert not missing[ann].any()
    # Standard error of a rate near .5 from 2,000 draws: .011.
    real = np.isnan(y[who[:, 0] == "bob"]).mean()
    assert missing[~ann].mean() == pytest.approx(real, abs=0.04)


def test_ten_thousand_categories_are_learnt_without_their_square() -> None:
    table = Table((Column(name="x", role=Role.SET_POINT), Column(name="who", kind=Kind.CATEGORY)))
    rows = [{"x": float(i % 97), "who": f"lot {i}"} for i in range(10_000)]
    block = Block.from_rows(table, rows)
    began = time.process_time()
    made = fitted(block).sample(500, seed=0)
    assert time.process_time() - began < 3
    assert set(made.text("who")) <= set(block.text("who"))


def test_twenty_thousand_rows_take_about_a_second() -> None:
    random = np.random.default_rng(0)
    numbers = random.normal(size=(20_000, 6)) + random.normal(size=(20_000, 1))
    table = Table(tuple(Column(name=f"x{k}") for k in range(6)))
    block = Block(table, numbers, np.empty((20_000, 0), dtype=object))
    fitted(block[:100])  # imports are not counted
    began = time.process_time()
    made = fitted(block).sample(20_000, seed=0)
    # Seen .42 s; the machine may be busy.
    assert time.process_time() - began < 2
    expected = np.corrcoef(numbers.T)
    np.testing.assert_allclose(np.corrcoef(made.numbers.T), expected, atol=0.05)


def test_a_leaf_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="min_leaf"):
        Trees(Table((Column(name="x"),)), min_leaf=0)


@pytest.mark.parametrize("privacy", [-0.1, 1.1])
def test_privacy_is_a_share(privacy: float) -> None:
    with pytest.raises(ValueError, match="privacy must be between 0 and 1"):
        Trees(Table((Column(name="x"),)), privacy=privacy)


def test_more_privacy_keeps_more_distance_from_the_training_rows() -> None:
    """A known law: the share of rows nearer to training than to held-out rows can only fall."""
    table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y"), Column(name="z")))
    random = np.random.default_rng(0)
    numbers = random.normal(size=(800, 3)) + random.normal(size=(800, 1))
    block = Block(table, numbers, np.empty((800, 0), dtype=object))
    train, held = block[:400], block[400:]
    shares = []
    for privacy in (0.0, 0.5, 1.0):
        trees = Trees(table, privacy=privacy)
        trees.fit(train, seed=0)
        measured = Privacy(table).measure(train, held, trees.sample(4000, seed=0))
        assert measured.equal_rows == 0
        shares.append(measured.dcr_share)
    # Standard error of a share from 4,000 rows: .008.
    assert shares[0] > shares[1] - 0.016
    assert shares[1] > shares[2] - 0.016
    assert shares[0] > shares[2] + 0.03
    assert shares[2] < 0.61  # seen .58


@pytest.mark.parametrize(
    ("name", "apart", "near"),
    [
        ("opv", 0.10, 0.66),  # seen .04; .61
        ("hplc", 0.13, 0.60),  # seen .06; .55
    ],
)
def test_batches_are_hard_to_tell_and_no_copies_at_once(
    name: str, apart: float, near: float
) -> None:
    try:
        block = LAB_TABLES[name].read()
    except TableMissingError as error:
        pytest.skip(str(error))
    train, held = lab_halves(block, seed=0)
    made = fitted(train).sample(len(train), seed=0)
    area, limit = (
        JointFidelity().score(Samples.of(held, rows, seed=0)).details["c2st_auc"]
        for rows in (made, train)
    )
    measured = Privacy(block.table).measure(train, held, made)
    assert area < limit + apart
    assert measured.dcr_share < near
    assert measured.copies == 0
