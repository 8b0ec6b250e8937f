import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors import PARTS, Fidelity, FidelityMeasure, NothingMeasurable, TooFewRows
from halflife.monitors.retained import RetainedFidelity
from halflife.schemas.table import Column, Kind, Role, Table

from .fidelity_cases import LINE, MIXED, SOLAR, block, leaf_batch, line, mixed, solar_cells

CHEAP = ("columns", "pairs")


def test_the_same_rows_in_another_order_score_the_same_bits():
    real, synthetic = mixed(60, 0), mixed(90, 1)
    shuffled = real[np.random.default_rng(0).permutation(60)]
    fidelity = Fidelity(MIXED, seed=4)
    assert fidelity.measure(real, synthetic) == fidelity.measure(shuffled, synthetic)


def test_a_measure_survives_json_and_names_its_worst_part():
    measure = Fidelity(MIXED).measure(mixed(60, 0), mixed(90, 1))
    assert FidelityMeasure.from_dict(json.loads(json.dumps(measure.to_dict()))) == measure
    assert set(measure.parts) == set(PARTS)
    assert measure.fidelity == min(measure.parts.values())
    assert set(measure.columns) == set(MIXED.names)
    assert (measure.rows_real, measure.rows_synthetic) == (60, 90)


def test_too_few_rows_are_refused_with_the_number_needed():
    with pytest.raises(TooFewRows, match="at least 30 real rows, not 29"):
        Fidelity(LINE).measure(line(29, 0), line(100, 1))
    with pytest.raises(TooFewRows, match="at least 30 synthetic rows, not 0"):
        Fidelity(LINE).measure(line(40, 0), line(0, 1))


def test_what_has_no_meaning_is_said_and_not_made_up():
    table = Table((Column(name="x"),))
    rows = block(table, np.random.default_rng(0).normal(size=(80, 1)))
    assert set(Fidelity(table).measure(rows[:40], rows[40:]).parts) == {"columns", "joint"}
    with pytest.raises(NothingMeasurable):
        Fidelity(table).measure(rows[:40], rows[40:], parts=["pairs", "predictive"])


def test_a_resample_of_the_real_rows_is_as_good_as_real():
    real = mixed(300, 0)
    drawn = real[np.random.default_rng(1).integers(0, 300, 300)]
    measure = Fidelity(MIXED).measure(real, drawn, parts=CHEAP)
    assert measure.fidelity > 0.9


CELLS = st.one_of(st.just(np.nan), st.integers(-2, 2), st.floats(-1e300, 1e300), st.just(0.0))
TEXTS = st.sampled_from([None, "a", "b", "", "new", "ü"])
ODD = Table(
    (
        Column(name="t", role=Role.SET_POINT),
        Column(name="who", kind=Kind.CATEGORY, role=Role.CONTEXT),
        Column(name="y"),
        Column(name="c", kind=Kind.CATEGORY, role=Role.MEASURED),
    )
)


@st.composite
def odd_rows(draw):
    """Rows with few or many levels, constants, huge numbers and missing cells."""
    rows = draw(st.integers(30, 45))
    pool = draw(st.lists(CELLS, min_size=1, max_size=6))
    texts = draw(st.lists(TEXTS, min_size=1, max_size=3))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    numbers = generator.choice(pool, (rows, 2)).astype(float)
    cells = [[texts[i] for i in row] for row in generator.integers(0, len(texts), (rows, 2))]
    return block(ODD, numbers, cells)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(odd_rows(), odd_rows())
def test_odd_rows_never_break_the_cheap_parts(real, synthetic):
    measure = Fidelity(ODD).measure(real, synthetic, parts=CHEAP)
    check(measure)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(odd_rows(), odd_rows())
def test_odd_rows_never_break_any_part(real, synthetic):
    check(Fidelity(ODD).measure(real, synthetic))


def check(measure):
    for part, score in measure.parts.items():
        assert 0.0 <= score <= 1.0
        low, high = measure.bands[part]
        assert 0.0 <= low <= high == 1.0
        assert np.isfinite(measure.errors[part])
    json.dumps(measure.to_dict(), allow_nan=False)


def judged(seed, after_rows):
    """Retained fidelity before and after the donor polymer changes."""
    generator = np.random.default_rng(seed)
    old = generator.permutation(solar_cells("photo_pce10"))
    new = generator.permutation(solar_cells("photo_wf3"))
    batch = leaf_batch(old[:350], 1000, generator)
    fidelity = Fidelity(SOLAR, seed=seed)
    windows = (old[350:500], old[500:750], new[:after_rows])
    birth, now, after = (fidelity.measure(block(SOLAR, rows), batch) for rows in windows)
    judge = RetainedFidelity(0.9)
    return judge.judge(birth, now), judge.judge(birth, after)


@pytest.mark.slow
def test_when_the_polymer_changes_only_the_use_to_models_is_lost():
    before, after = zip(*(judged(seed, 600) for seed in range(5)), strict=True)
    assert not any(retained.under_limit for retained in before)
    assert sum(retained.under_limit for retained in after) >= 4
    lost = {retained.part for retained in after if retained.under_limit}
    assert lost == {"predictive"}
