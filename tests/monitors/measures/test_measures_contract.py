"""What every measure promises, whatever rows it gets."""

from __future__ import annotations

import inspect
import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import halflife.monitors.measures as room
from halflife.monitors import TooFewRows
from halflife.monitors.measures import GROUPS, MEASURES, Comparison, Measure, measure_all
from halflife.schemas.table import Block, Column, Kind, Role, SumLaw, Table
from tests.monitors.fidelity_cases import mixed

DISTANCES = tuple(name for name, kind in MEASURES.items() if kind.group in {"columns", "pairs"})

cells = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, -3.5, math.inf, -math.inf, math.nan, 1e300, 1e-300]),
    st.floats(-1e6, 1e6),
)
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "", "ü"]))
TABLES = [
    Table((Column(name="x", role=Role.SET_POINT, minimum=0),)),
    Table((Column(name="c", kind=Kind.CATEGORY),)),
    Table(
        (
            Column(name="x", role=Role.SET_POINT),
            Column(name="y"),
            Column(name="c", kind=Kind.CATEGORY, role=Role.CONTEXT),
            Column(name="n", kind=Kind.INTEGER),
        ),
        (SumLaw(("x", "y"), 1.0),),
        target="y",
    ),
]


@st.composite
def comparisons(draw):
    table = draw(st.sampled_from(TABLES))
    row = st.fixed_dictionaries({n: cells if n in table.numeric else texts for n in table.names})
    blocks = [
        Block.from_rows(table, draw(st.lists(row, min_size=1, max_size=most)))
        for most in (30, 30, 12)
    ]
    return blocks[0], blocks[1], draw(st.sampled_from([blocks[2], None]))


def said(real, synthetic, train=None, *, names=tuple(MEASURES)):
    """Every measure, with so few permutations that many tables can be tried."""
    comparison = Comparison.of(real, synthetic, train, seed=0, draws=9)
    return [MEASURES[name]().measure(comparison) for name in names]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(comparisons())
def test_any_rows_give_a_value_within_its_range_or_a_reason(blocks) -> None:
    results = said(*blocks)
    assert [result.measure for result in results] == list(MEASURES)
    for result in results:
        kind = MEASURES[result.measure]
        assert (result.value is None) == (result.reason is not None)
        assert result.sentence.endswith(".")
        assert result.best == kind.best
        json.dumps(result.to_dict(), allow_nan=False)
        if result.value is not None:
            assert math.isfinite(result.value), result
            lowest = -math.inf if kind.lowest is None else kind.lowest
            highest = math.inf if kind.highest is None else kind.highest
            assert lowest - 1e-9 <= result.value <= highest + 1e-9, result
        if result.p_value is not None:
            assert 0.0 <= result.p_value <= 1.0, result


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(comparisons())
def test_rows_beside_themselves_are_the_best(blocks) -> None:
    real = blocks[0]
    for result in said(real, real, names=DISTANCES):
        if result.value is not None:
            assert result.value == pytest.approx(result.best, abs=1e-9), result.measure


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(comparisons(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_says_nothing(blocks, random) -> None:
    shuffled = []
    for block in blocks:
        order = list(range(len(block or ())))
        random.shuffle(order)
        shuffled.append(None if block is None else block[order])
    once, again = ([r.to_dict() for r in said(*side)] for side in (blocks, shuffled))
    assert once == again


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(comparisons())
def test_distances_are_the_same_from_either_side(blocks) -> None:
    """But Kullback and Leibler's, and tails, which are those of the real rows."""
    real, synthetic, _ = blocks
    symmetric = [name for name in DISTANCES if name not in {"kullback_leibler", "tail_shares"}]
    there = said(real, synthetic, names=symmetric)
    back = said(synthetic, real, names=symmetric)
    for one, other in zip(there, back, strict=True):
        if one.value is not None and other.value is not None and "correlation" not in one.measure:
            assert one.value == pytest.approx(other.value, rel=1e-6, abs=1e-9), one.measure


def test_the_same_seed_says_the_same_to_the_last_bit() -> None:
    rows = mixed(150, 0), mixed(120, 1), mixed(150, 2)
    once, again, other = (
        [json.dumps(r.to_dict()) for r in measure_all(*rows, seed=seed)] for seed in (1, 1, 2)
    )
    assert once == again
    assert once != other


def test_great_tables_are_measured_on_some_rows_and_say_so() -> None:
    comparison = Comparison.of(mixed(300, 0), mixed(200, 1), seed=0, most_rows=100)
    result = MEASURES["kolmogorov_smirnov"]().measure(comparison)
    assert result.details["rows"] == {"real": 100, "synthetic": 100}


def test_no_rows_are_an_error() -> None:
    rows = mixed(20, 0)
    with pytest.raises(TooFewRows, match="at least one synthetic row"):
        measure_all(rows, rows[:0], seed=0)
    with pytest.raises(TooFewRows, match="at least one train row"):
        measure_all(rows, rows, rows[:0], seed=0)


def test_an_unknown_measure_is_an_error() -> None:
    rows = mixed(20, 0)
    with pytest.raises(KeyError, match="nonsense"):
        measure_all(rows, rows, seed=0, names=["nonsense"])


def test_the_registry_knows_every_measure_of_the_room() -> None:
    folder = Path(inspect.getfile(room)).parent
    files = {path.stem for path in folder.glob("*.py")}
    found = set()
    for file in files - {"__init__"}:
        module = __import__(f"{room.__name__}.{file}", fromlist=["_"])
        found |= {
            kind
            for kind in vars(module).values()
            if inspect.isclass(kind) and issubclass(kind, Measure) and not inspect.isabstract(kind)
        }
    assert found == set(MEASURES.values())
    assert set(MEASURES) <= files


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_says_what_it_is(name) -> None:
    kind = MEASURES[name]
    assert kind.name == name
    assert kind.group in GROUPS
    doc = inspect.getdoc(kind) or ""
    assert "Reference:" in doc
    assert ">>>" in doc


def test_groups_stand_together_in_the_order_of_a_report() -> None:
    groups = [kind.group for kind in MEASURES.values()]
    assert groups == sorted(groups, key=GROUPS.index)
    assert set(groups) == set(GROUPS)
