"""A first lab file out of a table: it always parses, and on real tables it guesses well."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.errors import SchemaError
from halflife.schemas.guess import guess_lab
from halflife.schemas.guessed_sums import guess_sums
from halflife.schemas.guessed_units import guess_unit
from halflife.schemas.lab import Lab
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Kind, Role, SumLaw

DATA = Path(__file__).parents[2] / "../shared/data"


def guess(frame: pd.DataFrame) -> StreamPlan:
    return Lab.parse(guess_lab(frame, stream="a", source="a.csv")).streams["a"]


def roles(frame: pd.DataFrame) -> dict[str, str]:
    return {name: column.role.value for name, column in guess(frame).columns.items()}


def campaign(rows: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(1)
    shares = random.dirichlet(np.ones(3), rows)
    return pd.DataFrame(
        {
            "run": np.arange(rows),
            "operator": random.choice(["ann", "bob"], rows),
            "mat_a": shares[:, 0],
            "flow_mL_min": random.choice([0.5, 1.0, 2.0], rows),
            "mat_b": shares[:, 1],
            "push": random.uniform(3, 9, rows),
            "mat_c": shares[:, 2],
            "temperature_K": 300.0 + 10 * random.integers(0, 9, rows),
            "signal": random.normal(5, 1, rows),
            "residue": random.lognormal(0, 1, rows),
        }
    )


def test_roles_of_a_campaign():
    found = roles(campaign())
    chosen = {name for name, role in found.items() if role == "set-point"}
    assert chosen == {"mat_a", "mat_b", "mat_c", "flow_mL_min", "push", "temperature_K"}
    assert {name for name, role in found.items() if role == "measured"} == {"signal", "residue"}
    assert {name for name, role in found.items() if role == "context"} == {"run", "operator"}


def test_units_ranges_kinds_and_target_of_a_campaign():
    plan = guess(campaign())
    assert plan.columns["flow_mL_min"].unit == "mL/min"
    assert plan.columns["temperature_K"].unit == "K"
    assert plan.columns["temperature_K"].min == 0
    assert (plan.columns["mat_a"].min, plan.columns["mat_a"].max) == (0, 1)
    assert plan.columns["signal"].min is None, "a reading may dip under zero: no dead letter"
    assert plan.columns["operator"].kind is Kind.CATEGORY
    assert plan.target == "residue"
    assert (plan.reference, plan.min_rows) == (100, 150), "30 % of fewer would judge no batch"


def test_every_guess_has_its_reason():
    lines = guess_lab(campaign(), stream="a", source="a.csv").splitlines()
    start = lines.index("[stream.a.column]") + 1
    for line in lines[start : start + 10]:
        assert len(line.partition("  # ")[2]) > 3, line


def test_scattered_parts_of_a_sum_are_found():
    (law,) = guess(campaign()).table.laws
    assert isinstance(law, SumLaw)
    assert (law.columns, law.equals) == (("mat_a", "mat_b", "mat_c"), 1)


@pytest.mark.parametrize(("total", "digits"), [(1, 12), (100, 1), (250, 12), (1, 3)])
def test_sums_are_found_in_rounded_percentages_and_shares(total, digits):
    shares = np.round(total * np.random.default_rng(2).dirichlet(np.ones(4), 500), digits)
    (found,) = guess_sums({f"c{i}": shares[:, i] for i in range(4)})
    assert found.law.equals == total
    assert found.share == 1
    assert found.law.violated({f"c{i}": shares[:, i] for i in range(4)}).sum() == 0


def test_a_sum_may_be_broken_by_one_row_in_a_hundred_and_no_more():
    shares = np.random.default_rng(3).dirichlet(np.ones(3), 1000)
    columns = {f"c{i}": shares[:, i].copy() for i in range(3)}
    columns["c0"][:9] += 0.5
    (found,) = guess_sums(columns)
    assert found.share == pytest.approx(0.991)
    columns["c0"][:11] += 0.5
    assert guess_sums(columns) == []


def test_two_sums_side_by_side_stay_two():
    random = np.random.default_rng(4)
    first, second = random.dirichlet(np.ones(3), 300), 100 * random.dirichlet(np.ones(2), 300)
    columns = {f"a{i}": first[:, i] for i in range(3)} | {f"b{i}": second[:, i] for i in range(2)}
    assert [found.law.text for found in guess_sums(columns)] == [
        "a0 + a1 + a2 = 1",
        "b0 + b1 = 100",
    ]


def test_independent_or_calm_columns_are_no_sum():
    random = np.random.default_rng(5)
    noise = {f"c{i}": random.uniform(0, 1, 300) for i in range(5)}
    assert guess_sums(noise) == []
    calm = {f"c{i}": 500 + random.normal(0, 0.1, 300) for i in range(3)}
    assert guess_sums(calm) == [], "the sum of calm columns is calm without any law"
    assert guess_sums({"a": np.full(50, 0.4), "b": np.full(50, 0.6)}) == []


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *[("temperature_K", "K"), ("flow_mL_min", "mL/min"), ("time (s)", "s"), ("T [°C]", "°C")],
        *[("yield_pct", "%"), ("strength_MPa", "MPa"), ("sigma_S_cm", "S/cm"), ("age_day", "d")],
        *[("wait_time_s", "s"), ("temp_C", "degC"), ("c_buffer_M", "M"), ("power_W_m2", "W/m2")],
        *[
            ("temp °C", "°C"),
            ("x_min", "1"),
            ("vitamin_C", "1"),
            ("plan_A", "1"),
            ("K", "1"),
            ("ratio (-)", "1"),
        ],
    ],
)
def test_units_in_names(name, unit):
    assert guess_unit(name) == unit


def text_of(frame: pd.DataFrame) -> str:
    text = guess_lab(frame, stream="a", source="a.csv")
    assert Lab.parse(text)
    return text


def test_one_row_gives_a_file_with_a_warning():
    assert "# WARNING: 1 rows are too few" in text_of(pd.DataFrame({"x": [1.0], "y": [2.0]}))


def test_all_constant_columns_give_a_file_with_a_warning():
    text = text_of(pd.DataFrame({"x": [1.0] * 30, "y": [2.0] * 30}))
    assert "# WARNING: every column holds one value" in text
    assert 'y = { role = "measured"' in text


def test_columns_without_any_value_are_told():
    frame = pd.DataFrame({"x": np.full(30, np.nan), "t": [None] * 30, "y": np.arange(30) % 7 / 7})
    assert text_of(frame).count("a blind guess") == 2


def test_texts_alone_are_a_warning():
    assert "# WARNING: no column of numbers" in text_of(pd.DataFrame({"who": ["a", "b"] * 20}))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "a.csv: no columns: nothing to guess from"),
        (pd.DataFrame({"x": []}), "a.csv: column names and no row: nothing to guess from"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "a.csv: columns named twice: 'x'"),
        (pd.DataFrame({"": [1]}), "a.csv: column 1 has no usable name: ''"),
        (
            pd.DataFrame([[1, 2]], columns=pd.Index(["x", "\ud800"], dtype=object)),
            "a.csv: column 2 has no usable name: '\\ud800'",
        ),
    ],
)
def test_what_no_file_can_be_guessed_from(frame, said):
    with pytest.raises(SchemaError) as caught:
        guess_lab(frame, stream="a", source="a.csv")
    assert str(caught.value) == said


def test_names_of_streams_are_checked():
    with pytest.raises(SchemaError, match="'My Stream' is no name of a stream"):
        guess_lab(campaign(), stream="My Stream", source="a.csv")


NAMES = st.lists(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12),
    min_size=1,
    max_size=6,
    unique=True,
)
CELLS = st.sampled_from(
    [
        [0.5, 0.25, np.nan, 1e300, -1e-300] * 5,
        [np.inf, 1.0, 2.0, -np.inf, 0.0] * 5,
        list(range(25)),
        ["a", None, "ü", "#", '"'] * 5,
        [True, False, True, False, True] * 5,
        [None] * 25,
        list(pd.date_range("2026-01-01", periods=25)),
        list(np.linspace(0, 1, 25)),
        list(1 - np.linspace(0, 1, 25)),
    ]
)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(NAMES, st.data(), st.text(max_size=10))
def test_any_table_gives_a_file_that_names_its_columns_exactly(names, data, source):
    frame = pd.DataFrame({name: data.draw(CELLS) for name in names}, columns=names)
    for with_names in (True, False):
        text = guess_lab(frame, stream="a.b", source=source, with_names=with_names)
        plan = Lab.parse(text).streams["a.b"]
        numbered = [name for name in names if not pd.api.types.is_datetime64_dtype(frame[name])]
        assert list(plan.columns) == (names if with_names else numbered or names)
    assert len(plan.table.digest) == 16


@pytest.mark.skipif(not DATA.exists(), reason="the shared data sets are not here")
def test_the_solar_cells_are_guessed_as_a_chemist_would_declare_them():
    plan = guess(pd.read_csv(DATA / "photo_pce10/data.csv"))
    assert plan.table.set_points == ("mat_1", "mat_2", "mat_3", "mat_4")
    assert plan.table.measured == ("degradation",)
    assert plan.table.laws == (SumLaw(plan.table.set_points, equals=1.0),)
    assert plan.target == "degradation"


@pytest.mark.skipif(not DATA.exists(), reason="the shared data sets are not here")
@pytest.mark.parametrize(
    ("name", "set_points", "measured"),
    [
        ("agnp_flow", 5, ("spectrum_loss",)),
        ("concrete_strength", 8, ("strength_MPa",)),
        ("suzuki_flow_4cases", 4, ("yield", "turnover")),
        ("buchwald_hartwig", 4, ("yield_pct",)),
        ("oer_plates_a", 8, ("overpotential",)),
    ],
)
def test_campaigns_of_the_literature(name, set_points, measured):
    table = guess(pd.read_csv(DATA / name / "data.csv")).table
    assert len(table.set_points) == set_points
    assert table.of_role(Role.MEASURED) == measured


def test_what_the_source_tells_comes_before_every_guess() -> None:
    frame = campaign()
    text = guess_lab(
        frame,
        stream="a",
        source="a",
        units={"push": "bar", "temperature_K": "degC", "operator": "K"},
        roles={"push": "measured", "temperature_K": "context", "signal": "set-point", "run": "no"},
    )
    columns = Lab.parse(text).streams["a"].columns
    assert (columns["push"].role, columns["push"].unit) == (Role.MEASURED, "bar")
    assert (columns["temperature_K"].role, columns["temperature_K"].unit) == (Role.CONTEXT, "degC")
    assert columns["signal"].role is Role.SET_POINT
    assert columns["run"].role is Role.CONTEXT
    assert "its source tells the role and the unit" in text


def test_moments_in_time_are_told_from_identities_and_other_texts():
    moments = pd.date_range("2026-01-01", periods=40, freq="7min")
    frame = pd.DataFrame(
        {
            "when": moments.astype(str),
            "day": moments.strftime("%d/%m/%Y %H:%M"),
            "lot": [f"2026-{i}-A" for i in range(40)],
            "word": ["may", "march"] * 20,
            "y": np.arange(40.0),
        }
    )
    text = text_of(frame)
    assert "# when is left out: moments in time (halflife backtest --time-column when)" in text
    assert "# day is left out: moments in time (halflife backtest --time-column day)" in text
    assert "# lot is left out: another text in every row: an identity" in text
    assert list(roles(frame)) == ["word", "y"]
    assert "lot" in roles(frame[:19]), "few texts differ by chance"
    assert list(roles(frame[["lot"]])) == ["lot"], "a stream has a column at least"


def test_what_is_named_like_an_outcome_is_measured():
    random = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "dose (mg/L)": random.choice([0.1, 1.0, 10.0], 200),
            "viability %": random.uniform(0, 100, 200).round(1),
            "IC50": random.lognormal(0, 1, 200),
            "OD600": random.uniform(0, 2, 200),
            "target": random.integers(0, 2, 200),
        }
    )
    found = roles(frame)
    assert [name for name, role in found.items() if role == "set-point"] == ["dose (mg/L)"]
    assert guess_unit("viability %") == "%"


def test_a_number_of_each_row_is_known_in_any_order():
    numbers = np.random.default_rng(0).permutation(40) + 7.0
    frame = pd.DataFrame({"nr": numbers, "x": [1.0, 2.0] * 20, "y": np.sqrt(numbers)})
    assert Lab.parse(text_of(frame)).streams["a"].columns["nr"].role is Role.CONTEXT


def test_texts_that_hardly_come_again_name_the_rows():
    names = [f"sample {i}" for i in range(39)] + ["sample 3"]
    frame = pd.DataFrame({"who": names, "x": [1.0, 2.0] * 20, "y": np.sqrt(np.arange(40.0))})
    text = text_of(frame)
    assert "# who is left out: another text in nearly every row" in text


def test_a_rate_that_is_chosen_is_no_outcome():
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "flow_rate": random.choice(np.linspace(0.2, 0.4, 18), 73).round(3),
            "stirring rate": random.choice(np.linspace(100, 900, 17), 73),
            "growth_rate": random.normal(size=73),
            "count rate": random.normal(size=73),
        }
    )
    assert list(roles(frame).values()) == ["set-point", "set-point", "measured", "measured"]


@pytest.mark.parametrize(("rows", "reference"), [(30, 50), (73, 50), (240, 120), (5_000, 500)])
def test_a_reference_is_long_enough_for_what_is_set(rows, reference):
    """What answers is judged by 50 records or more (`SetPointDrift.least`)."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"set_temperature": random.random(rows), "yield": random.normal(size=rows)}
    )
    assert guess(frame).reference == reference
    frame = pd.DataFrame({"strength": random.normal(size=rows)})
    assert guess(frame).reference == max(20, min(500, rows // 2))
