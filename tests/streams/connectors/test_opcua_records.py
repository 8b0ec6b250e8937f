"""Nodes, values and records of OPC UA, without a server."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from halflife.schemas.errors import LabFileError
from halflife.schemas.lab import Lab
from halflife.schemas.sources.opcua_source import OpcuaSource
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.opcua_node_text import Step, parse_node
from halflife.streams.connectors.opcua_nodes import wanted
from halflife.streams.connectors.opcua_reading import Reading
from halflife.streams.connectors.opcua_records import OpcuaRecords
from halflife.streams.connectors.opcua_values import StructureError, plain
from halflife.streams.connectors.opcua_variable import OpcuaVariable
from halflife.streams.connectors.refusal import Refusal
from halflife.streams.connectors.units import Units

DOCUMENT = Path(__file__).parents[3] / "streams/connectors/docs/opcua.md"
BEGAN = datetime(2026, 11, 22, 10, tzinfo=UTC)
BAD, UNCERTAIN, OVERFLOW = 0x80050000, 0x40920000, 0x00000480
STREAM = '[stream.reactor.column]\nt = { role = "measured" }\n[source.reactor]\ntype = "opcua"\n'


def plan(**keys: Any) -> OpcuaSource:
    return OpcuaSource.model_validate(
        {"name": "reactor", "type": "opcua", "url": "opc.tcp://lab:4840", **keys}
    )


def reading(name: str, value: Any, second: float = 0.0, status: int = 0) -> Reading:
    return Reading(name, value, BEGAN + timedelta(seconds=second), status)


def session(position: dict[str, Any] | None = None, **keys: Any) -> OpcuaRecords:
    keys = keys or {"trigger": "n"}
    names = [OpcuaVariable(name, ua.NodeId(name, 2)) for name in ("t", "p", "n")]
    return OpcuaRecords(plan(**keys), names, position)


def records(items: list[Any]) -> list[dict[str, Any]]:
    return [dict(item.values) for item in items if isinstance(item, Arrival)]


def begun(position: dict[str, Any] | None = None, **keys: Any) -> OpcuaRecords:
    """A session that knows the first values of its variables."""
    made = session(position, **keys)
    first = [reading("t", 20.0), reading("p", 1.0), reading("n", 0)]
    assert made.take(first, 0.0) == []
    return made


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('url = "http://lab"', "opc.tcp"),
        ('url = "opc.tcp://me:word@lab"', "url"),
        ('url = "opc.tcp://lab"\ntrigger = "n"\nwithin = "1 s"', "both trigger and within"),
        ('url = "opc.tcp://lab"\nsecurity = "Basic256Sha256/Sign"', "needs cert_file and key_file"),
        ('url = "opc.tcp://lab"\nsecurity = "Basic128/Sign"', "security"),
        ('url = "opc.tcp://lab"\ntls = true', "security says how it is encrypted"),
        ('url = "opc.tcp://lab"\nlads = false', "give nodes or browse"),
        ('url = "opc.tcp://lab"\nnods = {}', "did you mean 'nodes'"),
    ],
)
def test_a_plan_that_cannot_be_is_told(keys: str, said: str) -> None:
    with pytest.raises(LabFileError) as caught:
        Lab.parse(STREAM + keys)
    assert said in str(caught.value)
    assert "source.reactor" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"nodes": {"t": "ns=x;s=a"}}, "nodes.t"),
        ({"nodes": {"t": "i=red"}}, "is a number"),
        ({"nodes": {"t": "lab:T"}, "namespaces": {"labor": "urn:a"}}, "names labor"),
        ({"browse": "2:A//2:B"}, "browse"),
        ({"nodes": {"t": "ns=2;s=a"}, "trigger": "3&"}, "trigger"),
    ],
)
def test_a_text_that_is_no_node_is_told(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(LabFileError, match=said):
        wanted(plan(**keys))


NAMES = st.text(min_size=1, max_size=8)


@given(st.lists(st.tuples(st.integers(0, 65535), NAMES), min_size=1, max_size=5))
def test_any_browse_names_can_be_written(steps: list[tuple[int, str]]) -> None:
    written = [
        f"{space}:{name.replace('&', '&&').replace('/', '&/').replace(':', '&:')}"
        for space, name in steps
    ]
    assert parse_node("/".join(written)).steps == tuple(Step(*step) for step in steps)


@given(st.text(max_size=30), st.sampled_from("isgb"), st.text(min_size=1, max_size=30))
def test_any_uri_names_the_namespace_of_an_id(uri: str, letter: str, rest: str) -> None:
    rest = "17" if letter == "i" else rest
    escaped = uri.replace("%", "%25").replace(";", "%3B")
    found = parse_node(f"nsu={escaped};{letter}={rest}")
    assert (found.namespace, found.identifier) == (uri, f"{letter}={rest}")


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_of_nodes(text: str) -> None:
    try:
        found = parse_node(text, {"lab": "urn:lab"})
    except ValueError:
        return
    assert bool(found.identifier) != bool(found.steps)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 63), (1 << 64) - 1), st.text(), st.floats()
)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=12))
def test_plain_values_stay_as_they_are(value: Any) -> None:
    assert repr(plain(value)) == repr(value)


@given(st.text(), st.datetimes(), st.binary(max_size=20), st.uuids(), st.integers(0, 65535))
def test_values_of_the_protocol_become_text(
    text: str, when: datetime, data: bytes, name: uuid.UUID, space: int
) -> None:
    assert plain(ua.LocalizedText(text)) == text
    assert plain(ua.QualifiedName(text, space)) == text
    assert datetime.fromisoformat(plain(when)) == when.replace(tzinfo=UTC)
    assert bytes.fromhex(plain(data)) == data
    assert plain([name]) == [str(name)]
    assert plain(ua.Variant([1.5, 2.5])) == [1.5, 2.5]


def test_enumerations_are_words_and_structures_are_refused() -> None:
    assert plain(ua.ServerState.Running) == "Running"
    assert plain(ua.StatusCode(BAD)) == "BadCommunicationError"
    with pytest.raises(StructureError, match="Range"):
        plain([ua.Range(0.0, 1.0)])


def test_a_trigger_takes_what_was_before_it_and_not_what_came_after() -> None:
    made = begun()
    items = made.take([reading("t", 21.0, 1), reading("n", 1, 2), reading("t", 22.0, 3)], 0.0)
    assert records(items) == [{"t": 21.0, "p": 1.0, "n": 1}]
    assert items[0].time == BEGAN + timedelta(seconds=2)
    # Of one time, the trigger is the last, in whatever order they were sent.
    items = made.take([reading("n", 2, 4), reading("p", 3.0, 4)], 0.0)
    assert records(items) == [{"t": 22.0, "p": 3.0, "n": 2}]


def test_of_a_boolean_the_change_to_true_counts() -> None:
    made = session()
    assert made.take([reading("n", True), reading("t", 1.0)], 0.0) == []
    assert made.take([reading("n", False, 1)], 0.0) == []
    assert len(records(made.take([reading("n", True, 2)], 0.0))) == 1


def test_after_a_reconnect_nothing_is_said_twice() -> None:
    made = begun()
    fired = [reading("t", 21.0, 1), reading("n", 1, 2)]
    [first] = made.take(fired, 0.0)
    position = {"heard": "", "written": dict(made.written)}
    # The same values again; also from a server that gives the time of its first look.
    assert session(position).take(fired, 0.0) == []
    assert session(position).take([reading("t", 21.0, 9), reading("n", 1, 9)], 0.0) == []
    # A server that has just begun counts from 0: that is no measurement.
    assert session(position).take([reading("n", 0, 9)], 0.0) == []
    # What was measured meanwhile is left in it, but for what is already newer.
    items = session(position).take(
        [reading("t", 23.0, 6), reading("p", 2.0, 4), reading("n", 3, 5)], 0.0
    )
    assert records(items) == [{"p": 2.0, "n": 3}]
    assert items[0].record_id != first.record_id


def test_what_changes_within_a_time_is_one_record_with_what_still_holds() -> None:
    made = begun(within="1 s")
    changes = [reading("t", 21.0, 1), reading("p", 2.0, 1.5), reading("t", 22.0, 3)]
    assert records(made.take(changes, 100.0)) == [{"t": 21.0, "p": 2.0, "n": 0}]
    assert made.waiting_since == BEGAN + timedelta(seconds=3)
    assert made.flush(100.9) == []
    assert records(made.flush(101.1)) == [{"t": 22.0, "p": 2.0, "n": 0}]
    assert made.waiting_since is None
    state = [reading("t", 22.0, 3), reading("p", 2.0, 1.5), reading("n", 0)]
    position = {"heard": "", "written": dict(made.written)}
    assert session(position, within="1 s").take(state, 0.0) == []
    changed = [reading("t", 25.0, 7), *state[1:]]
    assert records(session(position, within="1 s").take(changed, 0.0)) == [
        {"t": 25.0, "p": 2.0, "n": 0}
    ]


@pytest.mark.parametrize(("uncertain", "kept"), [("missing", None), ("keep", 21.0)])
def test_bad_values_are_missing_and_uncertain_ones_as_the_lab_says(
    uncertain: str, kept: float | None
) -> None:
    made = begun(trigger="n", uncertain=uncertain)
    items = made.take(
        [reading("t", 21.0, 1, UNCERTAIN), reading("p", 9.0, 1, BAD), reading("n", 1, 2)], 0.0
    )
    assert records(items) == [{"t": kept, "p": None, "n": 1}]
    assert made.missing == ({"t": 1, "p": 1} if kept is None else {"p": 1})
    assert records(made.take([reading("n", 2, 3, BAD)], 0.0)) == []


def test_dropped_values_are_a_gap_and_structures_dead_letters() -> None:
    made = begun()
    items = made.take([reading("t", 21.0, 5, OVERFLOW), reading("p", ua.Range(0.0, 1.0), 6)], 0.0)
    gap, refusal = items
    assert isinstance(gap, Gap)
    assert (gap.first, gap.last) == (BEGAN, BEGAN + timedelta(seconds=5))
    assert isinstance(refusal, Refusal)
    assert refusal.error.path == "values.p"
    assert "Range" in refusal.error.text


@given(st.lists(st.tuples(st.sampled_from("tpn"), st.integers(0, 3)), max_size=40))
def test_the_same_changes_give_the_same_records_however_they_are_cut(
    changes: list[tuple[str, int]],
) -> None:
    readings = [reading(name, value, i + 1) for i, (name, value) in enumerate(changes)]
    whole = begun().take(readings, 0.0)
    one_by_one = begun()
    pieces = [item for each in readings for item in one_by_one.take([each], 0.0)]
    assert pieces == whole
    assert len({item.record_id for item in whole}) == len(whole)


@pytest.mark.parametrize(
    ("written", "unit", "ten"),
    [
        ("°C", "K", 283.15),
        ("\N{DEGREE CELSIUS}", "K", 283.15),
        ("\N{MASCULINE ORDINAL INDICATOR}C", "degC", 10.0),
        ("\N{OHM SIGN}", "kohm", 0.01),
        ("Ohm", "ohm", 10.0),
        ("r/min", "rpm", 10.0),
        ("%", "1", 0.1),
        ("\N{MICRO SIGN}m", "nm", 1e4),
        ("\N{GREEK SMALL LETTER MU}m", "nm", 1e4),
        ("m³/h", "L/min", 1e4 / 60),
    ],
)
def test_units_are_read_as_controllers_write_them(written: str, unit: str, ten: float) -> None:
    assert Units().convert(10.0, written, unit, "t") == pytest.approx(ten)


def test_what_the_documentation_shows_can_be_read() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    snippets = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(snippets) == 3
    for snippet in snippets:
        name = re.search(r"\[source\.(\w+)\]", snippet)
        assert name is not None
        stream = f'[stream.{name[1]}.column]\nt = {{ role = "measured" }}\n'
        plan = Lab.parse(stream + snippet).sources[name[1]]
        assert isinstance(plan, OpcuaSource)
        wanted(plan)
    keys = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    of_its_own = set(OpcuaSource.model_fields) - set(SourcePlan.model_fields) - {"tls"}
    assert of_its_own <= keys
