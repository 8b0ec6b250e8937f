"""The lab file: what it says, and how it is told what it should not have said."""
# ruff: noqa: E501  # each error text is one line, as a user sees it

import json
import pickle
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.errors import LabFileError, SchemaError
from halflife.schemas.lab import Lab
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import EquationLaw, Kind, Role, SumLaw
from halflife.schemas.toml_places import basic_string, quoted

# The contract: the lab file of the design, with the columns that its laws speak of.
DESIGN = """
[stream.opv]
title = "Photostability of organic solar cells"
false_alarms = "1 per 10000 records"
keep = 0.9                 # share of its birth fidelity below which a batch is replaced
reference = 500            # records
min_rows = 200             # real records needed to train a challenger
rows = 1000                # of a synthetic batch
generator = "auto"
on_drift = "regenerate"    # or "ask"
target = "degradation"

[stream.opv.column]
mat_1 = { role = "set-point", unit = "1", min = 0, max = 1 }
mat_2 = { role = "set-point", unit = "1", min = 0, max = 1 }
mat_3 = { role = "set-point", unit = "1", min = 0, max = 1 }
mat_4 = { role = "set-point", unit = "1", min = 0, max = 1 }
degradation = { role = "measured", unit = "1", min = 0 }
solvent = { role = "context", kind = "category" }     # kind: number (default), integer, category

[[stream.opv.law]]
sum = ["mat_1", "mat_2", "mat_3", "mat_4"]
equals = 1

[stream.thermo]
column.zt = { role = "derived" }
column.seebeck = { role = "measured", unit = "uV/K" }
column.conductivity = { role = "measured" }
column.temperature = { role = "set-point", unit = "K", min = 0 }
column.kappa = { role = "measured" }

[[stream.thermo.law]]
equation = "zt = seebeck**2 * conductivity * temperature / kappa"
tolerance = 0.1            # relative
"""
SMALL = """[stream.a]
{}
[stream.a.column]
x = {{ role = 'set-point' }}
y = {{ role = 'measured' }}
"""


def small(keys: str = "") -> StreamPlan:
    return Lab.parse(SMALL.format(keys)).streams["a"]


def problems(text: str) -> list[str]:
    with pytest.raises(LabFileError) as caught:
        Lab.parse(text)
    return str(caught.value).splitlines()


def test_the_file_of_the_design_is_understood():
    opv, thermo = Lab.parse(DESIGN).streams.values()
    assert (opv.name, opv.title) == ("opv", "Photostability of organic solar cells")
    assert (opv.false_alarms, opv.keep, opv.target) == (10_000, 0.9, "degradation")
    assert opv.table.set_points == ("mat_1", "mat_2", "mat_3", "mat_4")
    assert opv.table.laws == (SumLaw(opv.table.set_points, equals=1),)
    solvent = opv.table.columns[-1]
    assert (solvent.role, solvent.kind, solvent.minimum) == (Role.CONTEXT, Kind.CATEGORY, None)
    assert opv.table.columns[0].maximum == 1
    (law,) = thermo.table.laws
    assert isinstance(law, EquationLaw)
    assert (law.target, law.tolerance) == ("zt", 0.1)


def test_what_is_left_out_has_its_default():
    plan = small()
    assert (plan.false_alarms, plan.keep, plan.holdout, plan.seed) == (10_000, 0.9, 0.3, 0)
    assert (plan.tick, plan.tick_interval, plan.time_limit) == (50, 60, 600)
    assert (plan.grace, plan.budget, plan.schedule) == (50, 24, None)
    assert (plan.window_rows, plan.cooldown_records, plan.lead_records) == (250, 200, 200)


def test_defaults_follow_what_they_are_defaults_of():
    plan = small("reference = 100\nmin_rows = 60")
    assert (plan.window_rows, plan.cooldown_records, plan.lead_records) == (100, 60, 60)
    assert small("window = 40\ncooldown = 0\nlead = 7").lead_records == 7


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60 s", 60), ("5 min", 300), ("2 h", 7200), ("1 d", 86400), ("0.5s", 0.5)],
)
def test_durations_are_written_with_their_unit(text, seconds):
    assert small(f"schedule = '{text}'").schedule == seconds


KEYS = ", ".join(
    [
        *(
            "title",
            "false_alarms",
            "keep",
            "target",
            "recipe",
            "on_drift",
            "reference",
            "window",
            "tick",
        ),
        *("tick_interval", "generator", "epsilon", "delta", "privacy"),
        *("rows", "min_rows", "holdout", "max_dcr_share", "min_utility", "collapse_loss", "seed"),
        *("time_limit", "grace", "cooldown", "budget", "schedule", "lead", "column", "law"),
        "process",
    ]
)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("keep = 1.5", "keep: 1.5 is not allowed. Allowed: a number above 0 and below 1"),
        ("keep = '0.9'", "keep: '0.9' has the wrong type. Allowed: a number above 0 and below 1"),
        ("keep = true", "keep: true has the wrong type. Allowed: a number above 0 and below 1"),
        ("keep = nan", "keep: nan is not finite. Allowed: a number above 0 and below 1"),
        ("keep = 2026-01-01", "keep: 2026-01-01 has the wrong type. Allowed: a number above 0 and below 1"),
        ("rows = 0", "rows: 0 is not allowed. Allowed: a whole number of at least 1 and at most 100000000"),
        ("rows = 1.0", "rows: 1.0 has the wrong type. Allowed: a whole number of at least 1 and at most 100000000"),
        ("on_drift = 'never'", "on_drift: 'never' is not allowed. Allowed: 'regenerate' or 'ask'"),
        ("false_alarms = 10000", "false_alarms: 10000 is no rate of false alarms. Allowed: a text such as '1 per 10000 records'"),
        ("false_alarms = '10000'", "false_alarms: '10000' is no rate of false alarms. Allowed: a text such as '1 per 10000 records'"),
        ("false_alarms = '1 per 2 records'", "false_alarms: '1 per 2 records' is too often: no detector keeps such a promise. Allowed: a text such as '1 per 10000 records'"),
        ("schedule = 60", "schedule: 60 is no duration. Allowed: a text such as '30 s', '5 min', '2 h' or '1 d'"),
        ("schedule = '0 s'", "schedule: '0 s' is no duration. Allowed: a text such as '30 s', '5 min', '2 h' or '1 d'"),
        ("schedule = '5 weeks'", "schedule: '5 weeks' is no duration. Allowed: a text such as '30 s', '5 min', '2 h' or '1 d'"),
        ("generator = 'No Such'", "generator: 'No Such' is not allowed. Allowed: a text such as 'auto'"),
        ("target = 'Y'", "target: 'Y' is no declared column; did you mean 'y'? Allowed: x, y"),
        ("colum = 1", f"colum: unknown key; did you mean 'column'? Allowed: {KEYS}"),
        ("zebra = 1", f"zebra: unknown key. Allowed: {KEYS}"),
        ("name = 'a'", f"name: unknown key; the name of a stream stands in its header, [stream.NAME]. Allowed: {KEYS}"),
        ("law = 3", "law: 3 has the wrong type. Allowed: a list, each entry a table with sum, equals, order, equation, tolerance"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_told_with_line_value_and_what_is_allowed(key, said):
    assert problems(SMALL.format(key)) == [f"lab.toml, line 2: stream.a.{said}"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("z = { unit = 'K' }", "z.role: is missing. Allowed: 'set-point', 'measured', 'derived' or 'context'"),
        ("z = { role = 'setpoint' }", "z.role: 'setpoint' is not allowed. Allowed: 'set-point', 'measured', 'derived' or 'context'"),
        ("z = { role = 'context', kind = 'text' }", "z.kind: 'text' is not allowed. Allowed: 'number', 'integer' or 'category'"),
        ("z = { role = 'measured', min = inf }", "z.min: inf is not finite. Allowed: a number"),
        ("z = { role = 'measured', unit = '' }", "z.unit: '' is empty. Allowed: a text"),
        ("z = { role = 'measured', min = 2, max = 1 }", "z: this column: min 2 is above max 1"),
        ("z = { role = 'context', kind = 'category', max = 1 }", "z: this column is a category: it has no min and no max"),
        ("'z.1' = { role = 'measured', rol = 1 }", '"z.1".rol: unknown key; did you mean \'role\'? Allowed: role, kind, unit, min, max'),
        ("z = 'measured'", "z: 'measured' has the wrong type. Allowed: a table with role, kind, unit, min, max"),
        ("'' = { role = 'measured' }", '"": is no name of a column. Allowed: any text that is not empty'),
    ],
)  # fmt: skip
def test_a_wrong_column_is_told_at_its_line(column, said):
    assert problems(SMALL.format("") + column) == [f"lab.toml, line 6: stream.a.column.{said}"]


@pytest.mark.parametrize(
    ("law", "line", "said"),
    [
        ("sum = ['x', 'w']\nequals = 1", 7, "law[0].sum: speaks of 'w', which is no declared column. Allowed: the numeric columns x, y"),
        ("sum = ['x', 'who']\nequals = 1", 7, "law[0].sum: speaks of 'who', which is a category. Allowed: the numeric columns x, y"),
        ("equation = 'y = X * 2'", 7, "law[0].equation: speaks of 'X', which is no declared column; did you mean 'x'? Allowed: the numeric columns x, y"),
        ("sum = ['x', 'y']", 6, "law[0]: is no law; write either 'sum' with 'equals', or 'order', or 'equation'; 'tolerance' with each"),
        ("tolerance = 1", 6, "law[0]: is no law; write either 'sum' with 'equals', or 'order', or 'equation'; 'tolerance' with each"),
        ("sum = ['x', 'y']\nequals = 1\nequation = 'y = x'", 6, "law[0]: is no law; write either 'sum' with 'equals', or 'order', or 'equation'; 'tolerance' with each"),
        ("sum = ['x']\nequals = 1", 6, "law[0]: a sum needs two or more distinct columns, not ['x']"),
        ("equation = 'y = open(x)'", 6, "law[0]: equation 'y = open(x)': 'open(x)' is not allowed; it may use + - * / ** ( ), numbers, pi, and abs exp log log10 sqrt"),
        ("equation = 'y = x'\ntolerance = -1", 8, "law[0].tolerance: -1 is not allowed. Allowed: a number of at least 0"),
    ],
)  # fmt: skip
def test_a_wrong_law_is_told_at_its_line(law, line, said):
    columns = ["x = { role = 'set-point' }", "y = { role = 'measured' }"]
    columns += ["who = { role = 'context', kind = 'category' }"]
    text = "\n".join(["[stream.a.column]", *columns, "", "[[stream.a.law]]", law])
    assert problems(text) == [f"lab.toml, line {line}: stream.a.{said}"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    text = SMALL.format("keep = 2\ntarget = 'w'\nreferense = 5") + "z = {}\n[streams.b]\n"
    with pytest.raises(LabFileError) as caught:
        Lab.parse(text, source="my.toml")
    found = [(problem.path, problem.line) for problem in caught.value.problems]
    assert found == [
        ("stream.a.keep", 2),
        ("stream.a.target", 3),
        ("stream.a.referense", 4),
        ("stream.a.column.z.role", 8),
        ("streams", 9),
    ]
    assert {problem.source for problem in caught.value.problems} == {"my.toml"}


@pytest.mark.parametrize("name", ["OPV", "-a", "ä", "a b", "a" * 65, "a\\n"])
def test_names_of_streams_are_checked(name):
    (said,) = problems(f'[stream."{name}"]\ncolumn.y = {{ role = "measured" }}')
    assert said.endswith(
        "is no name of a stream. Allowed: lower-case letters, digits, '.', '_' and '-', "
        "the first a letter or digit, at most 64"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lab.toml: declares nothing; it needs at least one [stream.NAME]"),
        ("# only a comment\n", "lab.toml: declares nothing; it needs at least one [stream.NAME]"),
        ("[stream.a]\nkeep = \n", "lab.toml: is not TOML: Invalid value (at line 2, column 8)"),
        ("[stream.a]\nkeep = 1\nkeep = 1", "lab.toml: is not TOML: Cannot overwrite a value"),
        ("a = " + "[" * 100_000, "lab.toml: is not TOML: maximum recursion depth exceeded"),
        ("a = " + "9" * 5000, "lab.toml: is not TOML: Exceeds the limit (4300 digits)"),
        ("[stream.a]", "lab.toml, line 1: stream.a.column: is missing. Allowed: a table, each"),
        ("[stream]", "lab.toml, line 1: stream: {} is empty. Allowed: a table, each entry a table"),
        ("stream = 3", "lab.toml, line 1: stream: 3 has the wrong type. Allowed: a table, each"),
        ("[stream.a]\ncolumn = {}", "lab.toml, line 2: stream.a.column: {} is empty. Allowed: a"),
    ],
)
def test_a_file_that_is_no_lab_file_at_all(text, said):
    (told,) = problems(text)
    assert told.startswith(said)


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "lab.toml"
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_text(DESIGN, encoding=encoding)
        assert Lab.read(path) == Lab.parse(DESIGN)


def test_a_path_without_a_file(tmp_path):
    for path, said in [(tmp_path, "Is a directory"), (tmp_path / "no", "No such file")]:
        with pytest.raises(LabFileError, match=said) as caught:
            Lab.read(path)
        assert str(caught.value).startswith(str(path))


def test_a_file_in_another_encoding(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_bytes("[stream.a]\nunit = 'µV'".encode("latin-1"))
    with pytest.raises(LabFileError) as caught:
        Lab.read(path)
    assert str(caught.value) == f"{path}, line 2: byte 19 is not UTF-8; save the file as UTF-8"


def test_errors_are_of_one_tree_and_survive_a_process_border():
    with pytest.raises(SchemaError) as caught:
        Lab.parse("")
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own bytes
    assert (type(copy), str(copy)) == (LabFileError, str(caught.value))


def test_plans_survive_a_process_border_and_json():
    lab = Lab.parse(DESIGN)
    assert pickle.loads(pickle.dumps(lab)) == lab  # noqa: S301  # our own bytes
    assert Lab.model_validate(lab.model_dump(by_alias=True)) == lab
    assert Lab.model_validate(json.loads(lab.model_dump_json(by_alias=True))) == lab


def test_the_digest_changes_with_what_alters_findings_and_with_nothing_else():
    digest = small().digest
    assert len(digest) == 16
    assert int(digest, 16) >= 0
    same = ["title = 'other'", "keep = 0.9", "window = 250", "cooldown = 200", "lead = 200"]
    assert {small(key).digest for key in same} == {digest}
    other = ["keep = 0.8", "seed = 1", "false_alarms = '1 per 99 records'", "target = 'y'"]
    other += ["tick = 9", "window = 251", "schedule = '2 h'", "generator = 'trees'"]
    assert len({digest, *(small(key).digest for key in other)}) == 1 + len(other)
    assert small().model_copy(update={"seed": 1}).digest == small("seed = 1").digest


def test_the_digest_sees_columns_and_laws():
    lines = [
        "x = { role = 'set-point' }\ny = { role = 'measured' }",
        "y = { role = 'measured' }\nx = { role = 'set-point' }",
        "x = { role = 'set-point' }\ny = { role = 'measured', unit = 'K' }",
        "x = { role = 'set-point' }\ny = { role = 'measured', max = 5 }",
        "x = { role = 'set-point' }\ny = { role = 'measured' }\n"
        "[[stream.a.law]]\nsum = ['x', 'y']\nequals = 1",
        "x = { role = 'set-point' }\ny = { role = 'measured' }\n"
        "[[stream.a.law]]\nsum = ['x', 'y']\nequals = 1.00000001",
    ]
    labs = [Lab.parse(f"[stream.a.column]\n{text}") for text in lines]
    assert len({lab.streams["a"].digest for lab in labs}) == len(lines)


def test_a_plan_made_in_code_is_checked_like_one_from_a_file():
    with pytest.raises(ValueError, match="no declared column"):
        StreamPlan(name="a", column={"y": {"role": "measured"}}, target="w")


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_any_text_can_be_a_toml_string_and_key(text):
    assert tomllib.loads(f"a = {basic_string(text)}") == {"a": text}
    assert tomllib.loads(f"{quoted(text)} = 1") == {text: 1}


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.binary(max_size=60))
def test_no_bytes_at_all_lead_to_another_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("lab") / "lab.toml"
    path.write_bytes(content)
    with pytest.raises(LabFileError):
        Lab.read(path)


VALUES = st.recursive(
    st.none().map(lambda _: "nan")
    | st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.booleans().map(lambda value: str(value).lower())
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=5).map(basic_string),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda v: f"[{', '.join(v)}]")
        | inner.map(lambda v: f"{{ role = {v}, sum = {v} }}")
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.sampled_from(KEYS.split(", ")), VALUES)
def test_any_value_under_any_key_is_taken_or_refused_at_its_place(key, value):
    text = f"[stream.a]\n{key} = {value}\n"
    text += "" if key == "column" else "column.y = { role = 'measured' }\n"
    found = []
    try:
        assert Lab.parse(text).streams["a"].digest
    except LabFileError as error:
        found = error.problems
    assert all(problem.line == 2 for problem in found)
    assert all(problem.path.startswith(f"stream.a.{key}") for problem in found)


def test_a_promise_of_privacy_that_the_generator_does_not_keep_is_refused():
    (said,) = problems(SMALL.format("epsilon = 1.0"))
    assert "promises differential privacy, which generator 'auto' does not keep" in said
    assert 'Allowed: only with generator = "private"' in said
    lab = Lab.parse(SMALL.format("epsilon = 1.0\ngenerator = 'private'"))
    assert lab.streams["a"].generator_options == {"epsilon": 1.0}


PROCESS = """
[stream.a]
generator = "process"
[stream.a.column]
x = { role = 'set-point' }
[stream.a.process]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("function = 'lab.kinetics'", "7: stream.a.process.function"),
        ("parameters = { k = 1 }", "6: stream.a.process: is no process; write either"),
        ("function = 'm:f'\nparameters = { k = 'big' }", "8: stream.a.process.parameters.k"),
        ("function = 'm:f'\nbudget = 0", "8: stream.a.process.budget: 0 is not allowed"),
        ("function = 'm:f'\ncolour = 1", "8: stream.a.process.colour: unknown key"),
        ("column.z = { distribution = 'normal' }", "3: stream.a.generator: 'process' needs 'funct"),
        ("column.x = { distribution = 'cauchy' }", "7: stream.a.process.column.x.distribution"),
        ("column.z = { distribution = 'normal' }", "7: stream.a.process.column.z: is no declared"),
    ],
)
def test_a_wrong_process_is_told_at_its_line(text: str, said: str) -> None:
    assert any(f"lab.toml, line {said}" in problem for problem in problems(PROCESS + text))


def test_a_process_gives_the_options_of_its_generator() -> None:
    text = PROCESS + "function = 'm:f'\nparameters = { k = [1, 20], v = 2 }"
    plan = Lab.parse(text).streams["a"]
    assert plan.generator_options == {"function": "m:f", "parameters": {"k": [1.0, 20.0], "v": 2.0}}
    assert plan.model_copy(update={"generator": "trees"}).generator_options == {}
