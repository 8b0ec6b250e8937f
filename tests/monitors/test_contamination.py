"""Synthetic rows that come back are named; real records are not, however they repeat."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.generators import create
from halflife.monitors import Contamination, NotFitted, StateMismatch, TooFewRows
from halflife.schemas.table import Block, Column, Kind, Role, Table

REFERENCE, ROWS = 500, 400
Maker = Callable[[np.random.Generator, int], Block]


def block(table: Table, numbers: np.ndarray, texts: np.ndarray | None = None) -> Block:
    return Block(table, numbers, np.empty((len(numbers), 0), object) if texts is None else texts)


def continuous(rng: np.random.Generator, n: int) -> Block:
    """Five columns that follow two factors, of quite other sizes."""
    table = Table(tuple(Column(name=name) for name in "abcde"))
    factors = rng.normal(size=(n, 2)) @ rng.normal(size=(2, 5))
    scales = np.array([1.0, 1e-6, 1e4, 3.0, 0.1])
    return block(table, (factors + 0.5 * rng.normal(size=(n, 5))) * scales + 7 * scales)


def replicates(rng: np.random.Generator, n: int) -> Block:
    """Each set-point of a grid three times, the answers measured to three digits."""
    names = ("dose", "heat", "signal", "colour", "yield")
    roles = [Role.SET_POINT, Role.SET_POINT, *[Role.MEASURED] * 3]
    table = Table(tuple(Column(name=n_, role=r) for n_, r in zip(names, roles, strict=True)))
    points = np.repeat(rng.integers(0, 12, (-(-n // 3), 2)), 3, axis=0)[:n].astype(float)
    answers = points @ np.array([[1.0, 0.5, -0.3], [0.2, -1.0, 0.4]])
    return block(table, np.column_stack([points, np.round(answers + rng.normal(size=(n, 3)), 1)]))


def mixture(rng: np.random.Generator, n: int) -> Block:
    """Fractions on a grid that sum to 1, a category, and one answer of many digits."""
    columns = [Column(name=name, role=Role.SET_POINT) for name in "xyz"]
    lot = Column(name="lot", role=Role.CONTEXT, kind=Kind.CATEGORY)
    table = Table((*columns, Column(name="answer"), lot))
    parts = rng.multinomial(20, [0.3, 0.3, 0.4], n) / 20
    answer = parts @ np.array([1.0, -1.0, 2.0]) + 0.3 * rng.normal(size=n)
    return block(
        table, np.column_stack([parts, answer]), rng.choice(["p", "q"], (n, 1)).astype(object)
    )


def doubled(rng: np.random.Generator, n: int) -> Block:
    """Every record is logged twice, the second time somewhere later."""
    once = continuous(np.random.default_rng(rng.integers(1 << 30)), -(-n // 2))
    places = rng.permutation(np.repeat(np.arange(len(once)), 2))[:n]
    return once[places]


def walk(rng: np.random.Generator, n: int) -> Block:
    """A sensor that hardly moves from one record to the next."""
    table = Table(tuple(Column(name=name) for name in "abcd"))
    return block(table, np.cumsum(rng.normal(size=(n, 4)), axis=0) * 0.01)


def missing(rng: np.random.Generator, n: int) -> Block:
    """A fifth of all cells are missing."""
    cells = continuous(rng, n)
    cells.numbers[rng.random(cells.numbers.shape) < 0.2] = np.nan
    return cells


STREAMS = (continuous, replicates, mixture, doubled, walk, missing)


def known(stream: Maker, seed: int, n: int = 3000) -> tuple[Contamination, Block, Block]:
    """A monitor that knows a batch of trees, its rows, and the records after its reference."""
    rng = np.random.default_rng(seed)
    real = stream(rng, REFERENCE + n)
    unseen = rng.random(REFERENCE) < 0.3
    generator = create("trees", real.table)
    generator.fit(real[:REFERENCE][~unseen], seed=seed)
    batch = generator.sample(ROWS, seed=seed)
    monitor = Contamination(real.table)
    monitor.fit(real[:REFERENCE], {"batch": batch}, unseen=unseen)
    return monitor, batch, real[REFERENCE:]


@pytest.mark.parametrize("stream", STREAMS)
def test_real_records_are_not_accused(stream: Maker) -> None:
    """1 in 10,000: among 9,000, more than 4 come with a chance of 1 in 400."""
    accused = sum(
        len(monitor.accuse(new)) for monitor, _, new in (known(stream, s) for s in range(3))
    )
    assert accused <= 4


@pytest.mark.parametrize("stream", [continuous, mixture, walk])
def test_rows_that_come_back_unchanged_are_named(stream: Maker) -> None:
    monitor, batch, _ = known(stream, 7, 10)
    named = monitor.accuse(batch)
    assert len(named) >= 0.95 * ROWS
    assert all((each.record, each.batch, each.distance) == (each.row, "batch", 0) for each in named)
    assert all(each.chance <= 1e-4 for each in named)


@pytest.mark.parametrize(("stream", "share"), [(continuous, 0.8), (mixture, 0.7)])
def test_rows_that_come_back_jittered_are_named(stream: Maker, share: float) -> None:
    """But for those that are as near to a real row as jitter is wide."""
    monitor, batch, _ = known(stream, 8, 10)
    rng = np.random.default_rng(0)
    noise = 0.01 * batch.numbers.std(axis=0) * rng.normal(size=batch.numbers.shape)
    named = monitor.accuse(Block(batch.table, batch.numbers + noise, batch.texts))
    assert len(named) >= share * ROWS
    assert np.mean([each.record == each.row for each in named]) > 0.9


def test_rows_that_come_back_rounded_are_named_by_their_digits_too() -> None:
    """Rounded to three significant digits, 1 record in 20, among real ones."""
    monitor, batch, new = known(continuous, 14, 400)
    places = np.arange(5, 400, 20)
    new.numbers[places] = _significant(batch.numbers[: len(places)], 3)
    named = {each.record: each.row for each in monitor.accuse(new)}
    assert set(named) <= set(places.tolist())
    assert len(named) >= 0.95 * len(places)


def _significant(numbers: np.ndarray, digits: int) -> np.ndarray:
    size = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(numbers))))
    return np.round(numbers * size) / size


def test_an_instrument_that_begins_to_round_is_not_accused() -> None:
    monitor, _, new = known(continuous, 15, 3000)
    rounded = Block(new.table, _significant(new.numbers, 3), new.texts)
    assert len(monitor.accuse(rounded)) <= 2
    monitor.take(len(rounded))
    assert sum(monitor.running["few"]["odd"]) > 2900


@pytest.mark.parametrize("share", [0.2, 1.0])
@pytest.mark.parametrize("stream", [replicates, mixture])
def test_an_instrument_that_begins_to_tell_more_exactly_is_not_accused(
    stream: Maker, share: float
) -> None:
    """What was set on a grid comes as it was measured, a thousandth beside it, from here on."""
    accused = 0
    for seed in range(5):
        monitor, _, new = known(stream, 20 + seed, 2000)
        rng = np.random.default_rng(seed)
        noise = 1e-3 * new.numbers.std(axis=0) * rng.normal(size=new.numbers.shape)
        new.numbers[:] += noise * (rng.random(len(new)) < share)[:, None]
        accused += len(monitor.accuse(new))
    assert accused <= 4  # of 1 promised, more come with a chance of 1 in 250


def test_rows_off_the_grid_are_named_by_their_digits() -> None:
    """One in twenty jittered: each might be a real one, but one after the other is near a row."""
    monitor, batch, new = known(mixture, 16, 600)
    places = np.arange(5, 600, 20)
    rng = np.random.default_rng(0)
    rows = batch[: len(places)]
    noise = 0.01 * batch.numbers.std(axis=0) * rng.normal(size=rows.numbers.shape)
    new.numbers[places], new.texts[places] = rows.numbers + noise, rows.texts
    named = [each.record for each in monitor.accuse(new)]
    assert set(named) <= set(places.tolist())
    assert named[0] < 250
    assert len(named) >= 0.5 * len(places)


def test_a_copy_of_a_real_row_is_not_told_from_its_replicate() -> None:
    rng = np.random.default_rng(1)
    real = continuous(rng, REFERENCE)
    batch = Block.concatenate([real[:50], continuous(rng, 50)])
    monitor = Contamination(real.table)
    monitor.fit(real, {"batch": batch})
    assert {each.row for each in monitor.accuse(batch)} == set(range(50, 100))


def test_where_all_cells_repeat_it_says_that_it_cannot_tell() -> None:
    table = Table(tuple(Column(name=name, kind=Kind.CATEGORY) for name in "abc"))
    rng = np.random.default_rng(2)
    texts = rng.choice(list("uvwx"), (1500, 3)).astype(object)
    rows = Block(table, np.empty((1500, 0)), texts)
    monitor = Contamination(table)
    monitor.fit(rows[:500], {"batch": rows[500:700]})
    assert monitor.tellable == (0.0, 0.0)
    assert "cannot be told from real ones" in monitor.text
    assert monitor.accuse(rows) == []


def test_what_was_known_of_a_batch_is_kept_when_its_real_rows_are_gone() -> None:
    old, new, other = (
        continuous(np.random.default_rng(4), 900)[i : i + 300] for i in (0, 300, 600)
    )
    batch = old[:40]
    first, second = Contamination(old.table), Contamination(old.table)
    first.fit(old, {"one": batch})
    state = json.loads(json.dumps(first.state()))
    second.fit(new, {"one": batch, "two": other[:40]}, before=state)
    assert second.names == ("one", "two")
    back = Block.concatenate([batch, other[:40]])
    assert {each.batch for each in second.accuse(back)} == {"two"}


@settings(deadline=None, max_examples=20, derandomize=True)
@given(cuts=st.lists(st.integers(0, 120), max_size=6), seed=st.integers(0, 2))
def test_cuts_and_restored_states_change_nothing(cuts: list[int], seed: int) -> None:
    monitor, batch, new = _MIXED[seed]
    rows = Block.concatenate([new[:60], batch[:60]])
    rows.numbers[20:30] = np.round(rows.numbers[20:30], 1)
    rows.numbers[70:80] = np.round(rows.numbers[70:80], 3)
    again = Contamination(batch.table)
    again.restore(json.loads(json.dumps(monitor.state())), {"batch": batch})
    expected = [(each.record, each.row, each.chance) for each in monitor.accuse(rows)]
    assert expected
    found = []
    for first, last in itertools.pairwise([0, *sorted(cuts), len(rows)]):
        ahead = again.accuse(rows[first : last + 10])  # of those that come again nothing is kept
        found += [
            (first + each.record, each.row, each.chance)
            for each in ahead
            if first + each.record < last
        ]
        again.take(last - first)
        again.restore(json.loads(json.dumps(again.state())), {"batch": batch})
    assert found == expected
    monitor.take(len(rows))
    assert json.dumps(again.state()) == json.dumps(monitor.state())


_MIXED = [known(stream, 9, 100) for stream in (continuous, mixture, missing)]


def test_strange_cells_are_no_crash() -> None:
    monitor, batch, new = known(mixture, 10, 50)
    numbers, texts = new.numbers.copy(), new.texts.copy()
    numbers[:10] = np.nan
    numbers[10:20] = np.inf
    numbers[20:30] = -1e300
    texts[30:40] = "never seen"
    texts[40:50] = None
    assert monitor.accuse(Block(new.table, numbers, texts)) == []
    assert monitor.accuse(new[:0]) == []
    del batch


def test_a_constant_column_tells_nothing_and_harms_nothing() -> None:
    rng = np.random.default_rng(11)
    table = Table(tuple(Column(name=name) for name in "abcde"))
    numbers = np.column_stack([rng.normal(size=(900, 4)), np.full(900, 5.0)])
    rows = block(table, numbers)
    monitor = Contamination(table)
    monitor.fit(rows[:500], {"batch": rows[500:600]})
    assert monitor.accuse(rows[600:]) == []
    assert len(monitor.accuse(rows[500:600])) == 100


def test_its_state_is_small() -> None:
    table = Table(tuple(Column(name=f"c{i}") for i in range(16)))
    rows = block(table, np.random.default_rng(12).normal(size=(3000, 16)))
    monitor = Contamination(table)
    monitor.fit(rows[:2000], {"batch": rows[2000:]})
    assert len(json.dumps(monitor.state())) < 60_000


def test_it_says_what_it_needs() -> None:
    monitor, batch, new = known(continuous, 13, 50)
    with pytest.raises(NotFitted):
        Contamination(batch.table).accuse(new)
    with pytest.raises(TooFewRows, match="there are 19 and 400 synthetic rows"):
        Contamination(batch.table).fit(new[:19], {"batch": batch})
    with pytest.raises(TooFewRows, match="0 synthetic rows"):
        Contamination(batch.table).fit(new, {})
    with pytest.raises(StateMismatch, match="fit it again"):
        Contamination(batch.table, rate=1e-3).restore(monitor.state(), {"batch": batch})
    with pytest.raises(StateMismatch, match="batch batch has 10 rows, and 400 in the state"):
        Contamination(batch.table).restore(monitor.state(), {"batch": batch[:10]})
    with pytest.raises(ValueError, match="rate"):
        Contamination(batch.table, rate=0)
