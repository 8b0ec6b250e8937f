"""Sources in the lab file: what they mean, and what is said of those that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.errors import LabFileError
from halflife.schemas.lab import Lab
from halflife.schemas.sources.access import Access
from halflife.schemas.sources.field_path import ABSENT, value_at
from halflife.schemas.sources.kinds import SOURCES
from halflife.schemas.sources.other_source import OtherSource

STREAM = """
[stream.opv]
[stream.opv.column]
mat = { role = "set-point" }
loss = { role = "measured", unit = "K" }
"""


def refused(text: str) -> str:
    with pytest.raises(LabFileError) as caught:
        Lab.parse(STREAM + text)
    return str(caught.value)


def test_a_source_says_where_columns_are() -> None:
    lab = Lab.parse(
        STREAM
        + """
[source.robot]
type = "acme"
stream = "opv"
port = "COM3"
id_from = "run.id"
[source.robot.column]
mat = "inputs.mat"
loss = { from = "t", unit = "degC" }
"""
    )
    plan = lab.sources["robot"]
    assert isinstance(plan, OtherSource)
    assert (plan.stream_name, plan.instrument_name, plan.id_from) == ("opv", "robot", "run.id")
    assert plan.options == {"port": "COM3"}
    assert (plan.columns["mat"].path, plan.columns["mat"].unit) == ("inputs.mat", None)
    assert (plan.columns["loss"].path, plan.columns["loss"].unit) == ("t", "degC")


def test_a_stream_does_not_change_with_its_sources() -> None:
    alone = Lab.parse(STREAM).streams["opv"]
    fed = Lab.parse(STREAM + '[source.opv]\ntype = "acme"\n').streams["opv"]
    assert alone.digest == fed.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[source.opw]\ntype = "acme"\n', "did you mean 'opv'"),
        ('[source.a]\ntype = "acme"\nstream = "x"\n', "line 8: source.a.stream: 'x' is no stream"),
        ("[source.opv]\n", "line 6: source.opv.type: is missing"),
        ('[source.Opv]\ntype = "acme"\n', "is no name of a source"),
        ('[source.opv]\ntype = "acme"\nname = "x"\n', "stands in its header, [source.NAME]"),
        ('[source.opv]\ntype = "A b"\n', "source.opv.type: 'A b' is not allowed"),
        ('[source.opv]\ntype = "acme"\ntime_from = 3\n', "time_from: 3 has the wrong type"),
        ('[source.opv]\ntype = "acme"\ncolumn = { mat = { unit = "K" } }\n', "from: is missing"),
        ('[source.opv]\ntype = "acme"\ncolumn = { mat = { from = "" } }\n', "is empty"),
        ("source = 3\n", "source: 3 has the wrong type"),
        ("[source]\nopv = 3\n", "source.opv: 3 has the wrong type"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(text: str, said: str) -> None:
    if text.startswith("source ="):
        with pytest.raises(LabFileError, match="wrong type"):
            Lab.parse(text + STREAM)
        return
    assert said in refused(text)


def test_every_type_is_named_and_every_key_described() -> None:
    assert list(SOURCES) == sorted(SOURCES)
    for kind, model in SOURCES.items():
        for name, field in model.model_fields.items():
            assert field.description, f"{kind}.{name}"


def test_secrets_come_from_files_and_the_environment(tmp_path: pytest.TempPathFactory) -> None:
    plan = Access(name="a", type="acme", username="u", password_env="LAB_PASSWORD")  # noqa: S106  # a name
    secret = plan.password({"LAB_PASSWORD": "s3cret"})
    assert secret is not None
    assert secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(secret)
    with pytest.raises(LabFileError, match=r"source\.a\.password_env.*LAB_PASSWORD"):
        plan.password({})
    with pytest.raises(LabFileError, match="cannot be read"):
        Access(name="a", type="acme", password_file="/does/not/exist").password({})  # noqa: S106  # a path


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, st.text(max_size=12))
def test_any_path_into_anything_finds_something_or_nothing(values: object, path: str) -> None:
    value_at(values, path)


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4), JSON)
def test_a_path_of_names_finds_what_is_there(names: list[str], leaf: object) -> None:
    values = leaf
    for name in reversed(names):
        values = {name: values}
    assert value_at(values, ".".join(names)) == leaf
    assert value_at(values, ".".join([*names, "beyond"])) is ABSENT or isinstance(leaf, dict)


def mqtt(more: str) -> str:
    return f'[source.opv]\ntype = "mqtt"\nhost = "h"\n{more}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (mqtt(""), "topics: is missing"),
        (mqtt("topics = []"), "topics: [] is empty"),
        (mqtt('topics = ["lab/#/x"]'), "# may only be the last level"),
        (mqtt('topics = ["lab/x{i}"]'), "a name such as {instrument} alone"),
        (mqtt('topics = ["lab/+/x", "lab/a/#"]'), "overlap: a message of both would come twice"),
        (mqtt('topics = ["a"]\nqos = 2'), "Allowed: 0 or 1"),
        (mqtt('topics = ["a"]\nversion = "4"'), "3.1.1"),
        (mqtt('topics = ["a"]\njoin = { within = "2 s", trigger = "b" }'), "either trigger, or"),
        (mqtt('topics = ["a"]\njoin = { }'), "either trigger, or"),
        (mqtt('topics = ["a"]\nvalue_from = "v"'), "value_from is for values that are joined"),
        (
            mqtt('topics = ["a/+"]\njoin = { trigger = "+/b" }'),
            "the topic must hold all of the trigger, or nothing",
        ),
        ('[source.opv]\ntype = "sparkplug"\nhost = "h"\n', "group: is missing"),
        (
            '[source.opv]\ntype = "sparkplug"\nhost = "h"\ngroup = "a/b"\n',
            "group: 'a/b' is not allowed",
        ),
    ],
)
def test_what_is_wrong_with_a_source_behind_a_broker_of_mqtt(text: str, said: str) -> None:
    assert said in refused(text)
