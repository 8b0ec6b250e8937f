"""A user's own simulator as a generator."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from halflife.generators import BrokenProcess, Generator, Process, Where, create
from halflife.generators.parameter_fit import ParameterFit
from halflife.schemas.lab import Lab
from halflife.schemas.table import Block, Column, EquationLaw, Kind, Role, Table

from .readme_examples import example

Module = Callable[[str, str], None]
LINE = Table(
    (
        Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),
        Column(name="x", role=Role.SET_POINT),
        Column(name="y"),
        Column(name="other"),
        Column(name="double", role=Role.DERIVED),
    ),
    (EquationLaw("double = 2 * y"),),
)
LINE_CODE = """
import numpy as np
def line(set_points, parameters, random):
    shift = np.where(set_points["who"] == "ann", 1.0, 0.0)
    return {"y": parameters["slope"] * set_points["x"] + shift}
"""
BOUNDS = {"slope": [0, 10]}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Module]:
    """Writes a module of a user's."""
    before = set(sys.modules)

    def write(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)
        importlib.invalidate_caches()

    monkeypatch.syspath_prepend(tmp_path)
    yield write
    for name in set(sys.modules) - before:
        if name in ("kinetics", "mine"):
            del sys.modules[name]


def line_rows(rows: int = 300) -> Block:
    random = np.random.default_rng(0)
    who = np.where(random.random(rows) < 0.5, "ann", "bob").astype(object)
    x = random.uniform(0, 5, rows)
    y = 3 * x + (who == "ann") + 0.1 * (1 + x) * random.standard_normal(rows)
    y[::10] = np.nan
    return Block(LINE, np.column_stack([x, y, random.random(rows), 2 * y]), who[:, None])


def kinetics(rows: int = 200) -> tuple[Block, Process]:
    plan = Lab.parse(example("A simulator of your own", "toml")).streams["kinetics"]
    random = np.random.default_rng(0)
    kelvin = random.choice(np.arange(320.0, 381.0, 10.0), rows)
    minutes = np.round(random.uniform(1, 60, rows))
    rate = 0.03 * np.exp(-80 / 8.314462618e-3 * (1 / kelvin - 1 / 350))
    conversion = 1 - np.exp(-rate * minutes) + 0.01 * random.standard_normal(rows)
    numbers = np.column_stack([kelvin, minutes, np.clip(np.round(conversion, 4), 0, 1)])
    generator = create(plan.generator, plan.table, **plan.generator_options)
    assert isinstance(generator, Process)
    return Block(plan.table, numbers, np.empty((rows, 0), dtype=object)), generator


def test_the_kinetics_of_the_documentation_are_recovered(module: Module) -> None:
    module("kinetics", example("A simulator of your own", "python"))
    rows, process = kinetics()
    process.fit(rows, seed=0)
    fit = process.fit_of_parameters
    assert fit is not None
    for name, truth in (("k_350", 0.03), ("energy", 80.0)):
        assert abs(fit.values[name] - truth) < 3 * fit.errors[name]
        assert fit.errors[name] < 0.03 * truth
    made = process.sample(500, seed=1)
    expected = rows.number("conversion").std()
    assert made.number("conversion").std() == pytest.approx(expected, rel=0.15)
    assert set(made.number("temperature")) <= set(np.arange(320.0, 381.0, 10.0))
    hot = process.sample(100, seed=1, where=Where.parse("temperature = 380", rows.table))
    assert (hot.number("temperature") == 380).all()


def test_new_set_points_are_simulated(module: Module) -> None:
    module("kinetics", example("A simulator of your own", "python"))
    rows, process = kinetics()
    process.fit(rows, seed=0)
    given = Table(rows.table.columns[:2])
    planned = np.column_stack([np.full(50, 400.0), np.linspace(0, 10, 50)])
    made = process.sample_given(Block(given, planned, np.empty((50, 0), dtype=object)), seed=2)
    rate = 0.03 * np.exp(-80 / 8.314462618e-3 * (1 / 400 - 1 / 350))
    truth = 1 - np.exp(-rate * planned[:, 1])
    assert np.abs(made.number("conversion") - truth).max() < 0.08  # no real row was hotter than 380


def test_residuals_keep_spread_gaps_laws_and_categories(module: Module, tmp_path: Path) -> None:
    module("mine", LINE_CODE)
    process = Process(LINE, function="mine:line", parameters=BOUNDS)
    real = line_rows()
    process.fit(real, seed=0)
    made = process.sample(1000, seed=1)
    assert made.missing("y") / 1000 == pytest.approx(0.1, abs=0.04)
    assert made.violations(LINE.laws[0]) == 0
    rest = made.number("y") - 3 * made.number("x") - (made.text("who") == "ann")
    far = made.number("x") > 4
    # The noise grows with x, .1 (1 + x): .55 there, .15 near 0; large leaves mix the two a little.
    assert np.nanstd(rest[far]) == pytest.approx(0.55, abs=0.15)
    assert np.nanstd(rest[made.number("x") < 1]) < 0.75 * np.nanstd(rest[far])
    assert process.sample(300, seed=1).digest() == made[:300].digest()
    process.save(tmp_path / "process.npz")
    loaded = Generator.load(tmp_path / "process.npz")
    assert isinstance(loaded, Process)
    assert loaded.sample(300, seed=1).digest() == made[:300].digest()
    assert loaded.fit_of_parameters == process.fit_of_parameters
    beyond = process.sample(100, seed=3, where=Where.of({"y": (12, None), "who": "ann"}, LINE))
    assert beyond.number("y").min() >= 12


def test_a_monte_carlo_simulator_is_taken_as_it_is(module: Module) -> None:
    module(
        "mine",
        "def decays(set_points, parameters, random):\n"
        "    mean = parameters['activity'] * set_points['seconds']\n"
        "    return {'counts': random.poisson(mean)}\n",
    )
    table = Table(
        (
            Column(name="seconds", role=Role.SET_POINT),
            Column(name="counts", kind=Kind.INTEGER, minimum=0),
        )
    )
    random = np.random.default_rng(0)
    seconds = random.choice([10.0, 20.0, 40.0], 300)
    numbers = np.column_stack([seconds, random.poisson(2.5 * seconds)])
    process = Process(table, function="mine:decays", parameters={"activity": [0.1, 20]})
    process.fit(Block(table, numbers, np.empty((300, 0), dtype=object)), seed=0)
    fit = process.fit_of_parameters
    assert fit is not None
    # sqrt(2.5 / total seconds) = .017 is the best that counts allow.
    assert fit.values["activity"] == pytest.approx(2.5, abs=0.1)
    made = process.sample(2000, seed=1)
    for time in (10.0, 40.0):
        counts = made.number("counts")[made.number("seconds") == time]
        assert counts.mean() == pytest.approx(2.5 * time, rel=0.06)
        assert counts.var() == pytest.approx(2.5 * time, rel=0.25)  # Poisson


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return {'y': set_points['x'][:3]}", r"'y' of shape \(3,\) for set-points of shape"),
        ("return set_points['x']", "returned ndarray; it should return a dict"),
        ("return {'y': set_points['who']}", "returned no numbers for 'y'"),
        ("return {'z': set_points['x']}", "returned 'z', which is none of the numeric columns"),
        ("return {'x': set_points['x']}", "returned 'x', which is none of"),
        ("return {'double': set_points['x']}", "law 'double = 2 \\* y' both give 'double'"),
        ("return {'y': set_points['x'] / 0}", "NaN or infinite outputs for all parameters"),
        ("raise OSError('no licence')", "raised OSError: no licence .parameters slope = 5"),
    ],
)
def test_what_a_simulator_does_wrong_is_told(module: Module, body: str, said: str) -> None:
    module("mine", f"def wrong(set_points, parameters, random):\n    {body}\n")
    process = Process(LINE, function="mine:wrong", parameters=BOUNDS)
    with np.errstate(all="ignore"), pytest.raises(BrokenProcess, match=said):
        process.fit(line_rows(), seed=0)


@pytest.mark.parametrize(
    ("function", "parameters", "said"),
    [
        ("mine.line", BOUNDS, "write it as 'package.module:function'"),
        ("no_such_module:line", BOUNDS, "'no_such_module' cannot be imported"),
        ("math:line", BOUNDS, "the module 'math' has no 'line'"),
        ("math:pi", BOUNDS, "'pi' is no function"),
        ("math:sin", {"slope": [3, 1]}, "parameter 'slope': give one number, or"),
        ("math:sin", {"slope": "big"}, "parameter 'slope'"),
    ],
)
def test_what_is_declared_wrong_is_told_at_once(
    function: str, parameters: dict[str, object], said: str
) -> None:
    with pytest.raises(BrokenProcess, match=said):
        Process(LINE, function=function, parameters=parameters)


def test_standard_errors_are_those_of_linear_regression() -> None:
    random = np.random.default_rng(0)
    x = random.uniform(1, 2, 400)
    y = 2 * x + 0.5 * random.standard_normal(400)
    fit = ParameterFit.of(lambda p: y - p["slope"] * x, {"slope": (0.0, 9.0)}, seed=0)
    slope = (x @ y) / (x @ x)
    assert fit.values["slope"] == pytest.approx(slope, rel=1e-6)
    rest = y - slope * x
    assert fit.errors["slope"] == pytest.approx(np.sqrt(rest @ rest / 399 / (x @ x)), rel=1e-3)
    lost = ParameterFit.of(lambda p: 0 * x + p["a"] - p["a"], {"a": (0.0, 1.0)}, seed=0)
    assert np.isnan(lost.errors["a"])
