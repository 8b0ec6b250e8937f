"""What every registered generator promises, whatever its method."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halflife.generators import (
    GENERATORS,
    Condition,
    Generator,
    GeneratorError,
    NotFitted,
    Progress,
    ShortOfRows,
    TooFewRows,
    UnsuitableCondition,
    UnsuitableRows,
    Where,
    WrongState,
    create,
)
from halflife.generators.generator import CHUNK
from halflife.schemas.table import (
    Block,
    Column,
    EquationLaw,
    Kind,
    Role,
    SumLaw,
    Table,
)

# A promise of privacy costs likeness: what all others keep, this one keeps where epsilon is large.
OPEN: dict[str, Any] = {"epsilon": 1e6}
QUICK: dict[str, dict[str, Any]] = {
    "diffusion": {"steps": 300, "hidden": 48, "layers": 1},
    "private": OPEN,
    "vae": {"steps": 400, "hidden": 48, "layers": 1},
    "wgan": {"steps": 300, "hidden": 32, "layers": 1},
}
QUICKEST: dict[str, dict[str, Any]] = {
    **{kind: {"steps": 20, "hidden": 8, "layers": 1} for kind in ("diffusion", "vae", "wgan")},
    "kde": {"generations": 2},
    "private": OPEN,
}

TABLE = Table(
    (
        Column(name="instrument", role=Role.CONTEXT, kind=Kind.CATEGORY),
        Column(name="a", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="b", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="c", role=Role.SET_POINT, minimum=0, maximum=1),
        Column(name="hours", role=Role.SET_POINT, kind=Kind.INTEGER, minimum=1),
        Column(name="amount", unit="g", minimum=0),
        Column(name="count", kind=Kind.INTEGER, minimum=0),
        Column(name="colour", kind=Kind.CATEGORY),
        Column(name="rate", role=Role.DERIVED, unit="g/h", minimum=0),
    ),
    (SumLaw(("a", "b", "c"), equals=1.0), EquationLaw("rate = amount / hours", tolerance=0.05)),
    target="amount",
)


def lab_rows(rows: int = 300, seed: int = 0) -> Block:
    """A small lab: fractions in steps of .05, two instruments, a fifth of the amounts missing."""
    random = np.random.default_rng(seed)
    steps = random.multinomial(20, [0.4, 0.35, 0.25], size=rows)
    a, b, c = (np.round(steps * 0.05, 2)).T
    hours = random.integers(1, 9, rows).astype(float)
    amount = np.exp(2 * a - b + 0.1 * hours + 0.1 * random.standard_normal(rows))
    amount[random.random(rows) < 0.2] = np.nan
    count = random.poisson(3 * hours).astype(float)
    rate = amount / hours * np.exp(0.03 * random.standard_normal(rows))
    instrument = random.choice(np.array(["left", "right"], dtype=object), rows, p=[0.7, 0.3])
    colour = np.where(a > b, "red", "blue").astype(object)
    colour[random.random(rows) < 0.1] = None
    numbers = np.column_stack([a, b, c, hours, amount, count, rate])
    return Block(TABLE, numbers, np.column_stack([instrument, colour]))


@pytest.fixture(scope="module", params=sorted(GENERATORS))
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if GENERATORS[name].neural and importlib.util.find_spec("torch") is None:
        if os.environ.get("CI"):
            pytest.fail("torch is absent, and CI must test the neural generators")
        pytest.skip("torch is absent: pip install 'halflife[neural]'")
    return name


@pytest.fixture(scope="module")
def fitted(kind: str) -> Generator:
    generator = create(kind, TABLE, **QUICK.get(kind, {}))
    generator.fit(lab_rows(), seed=5)
    return generator


@pytest.fixture(scope="module")
def made(fitted: Generator) -> Block:
    return fitted.sample(1000, seed=7)


def quickest(kind: str, table: Table) -> Generator:
    return create(kind, table, **QUICKEST.get(kind, {}))


def test_name_is_that_of_the_registry(kind: str) -> None:
    assert GENERATORS[kind].name == kind


def test_rows_are_of_the_table(made: Block) -> None:
    assert made.table == TABLE
    assert len(made) == 1000
    assert made.numbers.dtype == np.float64
    assert not np.isinf(made.numbers).any()


def test_numbers_stay_within_the_declared_and_the_observed_range(kind: str, made: Block) -> None:
    real = lab_rows()
    for column in TABLE.columns:
        if not column.is_number:
            continue
        cells = made.number(column.name)
        cells = cells[~np.isnan(cells)]
        assert cells.min() >= (-np.inf if column.minimum is None else column.minimum)
        assert cells.max() <= (np.inf if column.maximum is None else column.maximum)
        # The observed range tells of rows: a private generator knows the declared one alone.
        if (
            column.name != "rate" and kind != "private"
        ):  # follows from the others, which may meet as they never did
            assert cells.min() >= np.nanmin(real.number(column.name))
            assert cells.max() <= np.nanmax(real.number(column.name))


def test_integers_are_whole(made: Block) -> None:
    for name in ("hours", "count"):
        assert np.array_equal(made.number(name), np.rint(made.number(name)))


def test_set_points_stay_on_their_grid(made: Block) -> None:
    grid = np.round(np.arange(21) * 0.05, 2)
    for name in ("a", "b", "c"):
        assert np.isin(made.number(name), grid).all()


def test_categories_are_known_ones(made: Block) -> None:
    assert set(made.text("instrument")) == {"left", "right"}
    assert set(made.text("colour")) <= {"red", "blue", None}


def test_cells_are_missing_as_often_as_in_the_real_rows(fitted: Generator, made: Block) -> None:
    if fitted.partial:
        pytest.skip("it makes only some kind of rows")
    real = lab_rows()
    for name in TABLE.names:
        assert made.missing(name) / len(made) == pytest.approx(
            real.missing(name) / len(real), abs=0.08
        )
        if real.missing(name) == 0:
            assert made.missing(name) == 0


def test_a_sum_is_kept_and_a_noisy_equation_broken_as_often_as_in_the_real_rows(
    made: Block,
) -> None:
    real = lab_rows()
    total, equation = TABLE.laws
    assert made.violations(total) == 0
    # .05 is 1.7 standard deviations of the noise: 9.6 % of the rows with a rate break it.
    expected = real.violations(equation) / len(real)
    assert made.violations(equation) / len(made) == pytest.approx(expected, abs=0.05)


def test_same_seed_gives_the_same_rows(kind: str) -> None:
    digests = []
    for _ in range(2):
        generator = quickest(kind, TABLE)
        generator.fit(lab_rows(), seed=1)
        digests.append(generator.sample(300, seed=2).digest())
    assert digests[0] == digests[1]


def test_another_seed_gives_other_rows(fitted: Generator, made: Block) -> None:
    assert fitted.sample(1000, seed=8).digest() != made.digest()


def test_same_seed_gives_the_same_rows_in_another_process() -> None:
    # Neural ones promise it within one process of one machine.
    kinds = [name for name in sorted(GENERATORS) if not GENERATORS[name].neural]
    program = (
        "import runpy, sys\n"
        "names = runpy.run_path(sys.argv[1])\n"
        "for kind in sys.argv[2:]:\n"
        "    generator = names['quickest'](kind, names['TABLE'])\n"
        "    generator.fit(names['lab_rows'](), seed=1)\n"
        "    print(generator.sample(300, seed=2).digest())\n"
    )
    digests = []
    for kind in kinds:
        generator = quickest(kind, TABLE)
        generator.fit(lab_rows(), seed=1)
        digests.append(generator.sample(300, seed=2).digest())
    other = subprocess.run(
        [sys.executable, "-c", program, __file__, *kinds],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert other.stdout.split() == digests


def test_a_row_does_not_depend_on_how_many_are_asked_for(fitted: Generator, made: Block) -> None:
    for rows in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 700):
        some = fitted.sample(rows, seed=7)
        assert len(some) == rows
        assert some.digest() == made[:rows].digest()


def test_chunks_of_a_batch_differ(made: Block) -> None:
    assert made[:CHUNK].digest() != made[CHUNK : 2 * CHUNK].digest()


def test_saved_and_loaded_it_makes_the_same_rows(
    fitted: Generator, made: Block, tmp_path: Path
) -> None:
    path = tmp_path / "generator.npz"
    fitted.save(path)
    for loaded in (Generator.load(path), type(fitted).load(path)):
        assert loaded.name == fitted.name
        assert loaded.parameters == fitted.parameters
        assert loaded.sample(1000, seed=7).digest() == made.digest()
    again = tmp_path / "again.npz"
    Generator.load(path).save(again)
    assert again.read_bytes() == path.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["again.npz", "generator.npz"]


def test_a_file_needs_no_pickle(fitted: Generator, tmp_path: Path) -> None:
    fitted.save(tmp_path / "generator.npz")
    with np.load(tmp_path / "generator.npz", allow_pickle=False) as packed:
        assert all(packed[name].dtype != object for name in packed.files)


def test_a_file_that_is_no_generator_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    path.write_text("not an archive")
    with pytest.raises(WrongState, match=r"other\.npz"):
        GENERATORS[kind].load(path)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(WrongState, match=r"other\.npz"):
        GENERATORS[kind].load(path)


def test_before_it_is_fitted_it_says_so(kind: str, tmp_path: Path) -> None:
    generator = create(kind, TABLE)
    with pytest.raises(NotFitted, match=kind):
        generator.sample(1, seed=0)
    with pytest.raises(NotFitted, match=kind):
        generator.save(tmp_path / "none.npz")


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_rows_are_refused(kind: str, rows: int) -> None:
    with pytest.raises(TooFewRows, match=f"{rows} rows"):
        create(kind, TABLE).fit(lab_rows()[:rows], seed=0)


def test_twenty_rows_are_enough(kind: str) -> None:
    generator = quickest(kind, TABLE)
    generator.fit(lab_rows()[:20], seed=0)
    made = generator.sample(50, seed=0)
    assert len(made) == 50
    assert made.violations(TABLE.laws[0]) == 0


def test_infinite_numbers_and_other_tables_are_refused(kind: str) -> None:
    rows = lab_rows()
    rows.numbers[3, TABLE.numeric.index("amount")] = np.inf
    with pytest.raises(UnsuitableRows, match="amount"):
        create(kind, TABLE).fit(rows, seed=0)
    with pytest.raises(UnsuitableRows, match="another table"):
        create(kind, Table((Column(name="x"),))).fit(lab_rows(), seed=0)


def test_all_refusals_are_of_one_kind() -> None:
    assert issubclass(GeneratorError, ValueError)
    for error in (NotFitted, TooFewRows, UnsuitableRows, WrongState):
        assert issubclass(error, GeneratorError)


def test_constant_columns_stay_constant(kind: str) -> None:
    table = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))
    numbers = np.column_stack([np.full(60, 3.25), np.arange(60.0)])
    texts = np.full((60, 1), "ann", dtype=object)
    generator = quickest(kind, table)
    generator.fit(Block(table, numbers, texts), seed=0)
    made = generator.sample(100, seed=0)
    assert (made.number("x") == 3.25).all()
    assert set(made.text("who")) == {"ann"}


@pytest.mark.parametrize("category", [False, True])
def test_one_column_is_enough(kind: str, category: bool) -> None:
    table = Table((Column(name="x", kind=Kind.CATEGORY if category else Kind.NUMBER),))
    rows = [{"x": "ab"[i % 2] if category else i / 7} for i in range(60)]
    generator = quickest(kind, table)
    generator.fit(Block.from_rows(table, rows), seed=0)
    assert generator.sample(10, seed=0).missing("x") == 0


def test_a_column_without_any_cell_stays_empty(kind: str) -> None:
    table = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))
    rows = Block.from_rows(table, [{"x": float(i)} for i in range(60)])
    generator = quickest(kind, table)
    generator.fit(rows, seed=0)
    made = generator.sample(100, seed=0)
    assert made.missing("y") == made.missing("who") == 100
    assert made.missing("x") == 0


def test_fitting_again_forgets_what_was_learnt(kind: str) -> None:
    once, twice = quickest(kind, TABLE), quickest(kind, TABLE)
    twice.fit(lab_rows(seed=3), seed=9)
    for generator in (once, twice):
        generator.fit(lab_rows(), seed=1)
    assert once.sample(100, seed=0).digest() == twice.sample(100, seed=0).digest()


def test_seeds_may_be_as_large_as_a_hash(kind: str) -> None:
    generator = quickest(kind, TABLE)
    generator.fit(lab_rows(), seed=2**128 - 1)
    first, second = (generator.sample(5, seed=seed).digest() for seed in (2**128 - 1, 2**128 - 2))
    assert first != second


def test_rows_and_the_global_random_numbers_are_left_alone(kind: str) -> None:
    rows = lab_rows()
    before = rows.digest()
    state = np.random.get_state()[1].copy()  # noqa: NPY002  # the global one is what is watched
    generator = quickest(kind, TABLE)
    generator.fit(rows, seed=0)
    generator.sample(10, seed=0)
    assert rows.digest() == before
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002  # as above


def test_progress_ends_at_its_end_and_follows_the_given_clock(kind: str) -> None:
    told: list[Progress] = []
    ticks = iter(np.arange(0.0, 1e6, 0.3))
    generator = quickest(kind, TABLE)
    generator.fit(lab_rows(), seed=0, progress=told.append, clock=lambda: float(next(ticks)))
    assert told
    assert told[-1].step == told[-1].steps
    assert [one.step for one in told] == sorted(one.step for one in told)
    # A tick of .3 s a step and a word every .5 s: every second step, not every one.
    assert len(told) <= told[-1].steps // 2 + 1


@pytest.mark.parametrize(
    "text",
    ["instrument = left", "hours = 3, colour = red", "0.2 <= a <= 0.4, instrument = right"],
)
def test_conditions_are_met_by_every_row(fitted: Generator, text: str, tmp_path: Path) -> None:
    where = Where.parse(text, TABLE)
    made = fitted.sample(300, seed=7, where=where)
    assert len(made) == 300
    assert where.met(made).all()
    assert made.violations(TABLE.laws[0]) == 0
    for rows in (1, CHUNK, CHUNK + 1):
        assert fitted.sample(rows, seed=7, where=where).digest() == made[:rows].digest()
    assert fitted.sample(300, seed=8, where=where).digest() != made.digest()
    fitted.save(tmp_path / "generator.npz")
    loaded = Generator.load(tmp_path / "generator.npz")
    assert loaded.sample(300, seed=7, where=where).digest() == made.digest()
    with pytest.raises(UnsuitableCondition, match="never was 'middle'"):
        loaded.sample(1, seed=0, where=Where.of({"instrument": "middle"}, TABLE))


def test_conditions_that_no_row_can_meet_are_refused(kind: str) -> None:
    fitted = quickest(kind, TABLE)
    fitted.fit(lab_rows(), seed=1)
    with pytest.raises(UnsuitableCondition, match="'hours' goes from 1 to 8 in the rows"):
        fitted.sample(1, seed=0, where=Where.of({"hours": 11}, TABLE))
    with pytest.raises(UnsuitableCondition, match="no column 'time'"):
        fitted.sample(1, seed=0, where=Where((Condition("time", 1, 2),)))
    never = Where.of({"a": 0.7, "b": (0.4, None)}, TABLE)  # a + b + c = 1
    with pytest.raises(ShortOfRows, match="12 rows were asked for and 0 could be made: of"):
        fitted.sample(12, seed=0, where=never)
