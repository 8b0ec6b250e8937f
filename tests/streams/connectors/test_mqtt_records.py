"""Messages of MQTT become records, each with one identity, whatever restarts between them."""

from __future__ import annotations

import json
from typing import Any

import aiomqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.mqtt_join import MqttJoin
from halflife.schemas.sources.mqtt_source import MqttSource
from halflife.schemas.sources.topic_template import TopicTemplate
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.mqtt.heard import Heard
from halflife.streams.connectors.mqtt.joins import Joins
from halflife.streams.connectors.mqtt.mqtt_records import MqttRecords
from halflife.streams.connectors.mqtt.payload import read_payload
from halflife.streams.connectors.mqtt.written import Written
from halflife.streams.connectors.refusal import Refusal

LEVEL = st.sampled_from(["a", "b", "", "$s", "ü"])
TEMPLATES = st.lists(LEVEL | st.sampled_from(["+", "{one}", "{two}"]), min_size=1, max_size=4)
TOPICS = st.lists(LEVEL, min_size=1, max_size=5).map("/".join).filter(bool)


def template(levels: list[str], rest: bool) -> TopicTemplate | None:
    text = "/".join([*levels, "#"] if rest else levels)
    try:
        return TopicTemplate.parse(text)
    except ValueError:
        return None


@settings(deadline=None)
@given(TEMPLATES, st.booleans(), TOPICS)
def test_a_template_means_what_a_broker_takes_its_filter_to_mean(
    levels: list[str], rest: bool, topic: str
) -> None:
    made = template(levels, rest)
    if made is None or (topic.startswith("$") and made.filter[0] in "+#"):
        return
    parts = made.parts(topic)
    assert (parts is not None) == aiomqtt.Topic(topic).matches(made.filter)
    if parts is not None:
        given_levels = topic.split("/")
        assert all(given_levels[levels.index(f"{{{name}}}")] == parts[name] for name in parts)
        left = iter(given_levels)
        assert all(level in left for level in made.rest(topic).split("/"))  # in their order


@settings(deadline=None)
@given(TEMPLATES, st.booleans(), TEMPLATES, st.booleans(), TOPICS)
def test_templates_that_share_a_topic_overlap(
    one: list[str], rest_one: bool, two: list[str], rest_two: bool, topic: str
) -> None:
    first, second = template(one, rest_one), template(two, rest_two)
    if first is None or second is None:
        return
    both = [each.parts(topic) is not None for each in (first, second)]
    if all(both):
        assert first.overlaps(second)
        assert second.overlaps(first)
    if first.covers(second):
        assert first.overlaps(second)
        assert both[0] or not both[1]


@pytest.mark.parametrize("wildcard", ["+", "{one}", "#"])
def test_wildcards_pass_over_what_a_broker_says_of_itself(wildcard: str) -> None:
    first = TopicTemplate.parse(wildcard)
    status = TopicTemplate.parse("$SYS")
    assert first.parts("$SYS") is None
    assert not first.covers(status)
    assert not first.overlaps(status)
    assert not status.overlaps(first)


@pytest.mark.parametrize("text", ["", "a/#/b", "a+", "x{i}", "{i}/{i}", "$share/g/a", "{I}"])
def test_templates_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TopicTemplate.parse(text)


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["auto", "json", "scalar"]))
def test_any_bytes_are_a_value_or_refused(raw: bytes, how: str) -> None:
    reasons = set()
    try:
        json.dumps(read_payload(raw, how, 50))
    except MessageError as error:
        reasons.add(error.reason)
    assert reasons <= {"too-large", "empty", "broken-json", "wrong-type"}
    assert ("too-large" in reasons) == (len(raw) > 50)


MESSAGES = st.lists(
    st.tuples(st.integers(1, 20), st.sampled_from([b"0", b"1"]), st.booleans()), max_size=60
)
"""Number, payload, and whether the connector is killed after writing and before acknowledging."""


@settings(deadline=None)
@given(MESSAGES)
def test_a_broker_that_sends_again_what_it_must_is_heard_once(messages: Any) -> None:
    """Numbers are given again as soon as they are free, as bad as a broker may."""
    written, unacknowledged = Written(), list[Heard]()
    for at, (mid, payload, killed) in enumerate(messages):
        for old in unacknowledged:
            again = Heard("t", old.payload, 1, False, True, old.mid, float(at))
            assert again in written
            written.acknowledged(again)
        heard = Heard("t", payload, 1, False, False, mid, float(at))
        assert heard not in written
        written.add(heard)
        unacknowledged = [heard] if killed else []
        if killed:
            written = Written(written.state(), now=float(at))
            continue
        written.acknowledged(heard)
        if at % 3 == 0:
            written.confirmed(written.asked())
            assert not written.unsure


def test_what_is_confirmed_is_forgotten_and_nothing_else() -> None:
    written = Written()
    messages = [Heard("t", b"1", 1, False, False, mid, 0.0) for mid in range(1, 5)]
    for heard in messages:
        written.add(heard)
    written.add(Heard("t", b"1", 0, False, False, 0, 0.0))
    assert not written.unsure
    written.acknowledged(messages[0])
    number = written.asked()
    written.acknowledged(messages[1])
    written.confirmed(number)
    assert len(written) == 3
    after = Written(written.state(), now=100.0)
    after.confirmed(after.asked())
    after.heard_at(150.0)
    assert len(after) == 3
    after.heard_at(161.0)
    assert len(after) == 0


def plan(**more: Any) -> MqttSource:
    common = {"name": "oven", "type": "mqtt", "host": "h", "topics": ["lab/{instrument}/+"]}
    return MqttSource.model_validate({**common, **more})


def heard(topic: str, payload: Any, time: float = 1.0) -> Heard:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Heard(topic, raw, 1, False, False, 1, time)


PUTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["t", "p", "done"]),
        st.integers(1, 3),
        st.integers(0, 3),
    ),
    max_size=30,
)


@pytest.mark.parametrize(
    "join",
    [
        None,
        {"trigger": "lab/{instrument}/done"},
        {"trigger": "lab/a/done"},
        {"within": "2 s"},
        {"within": "2 s", "names": ["t", "p"]},
        {"key": "run", "names": ["t", "p", "done"]},
    ],
)
@settings(deadline=None)
@given(puts=PUTS, cut=st.integers(0, 30))
def test_a_restart_anywhere_changes_no_record(join: Any, puts: Any, cut: int) -> None:
    def run(cut: int | None) -> list[Any]:
        records, found, now = MqttRecords(plan(join=join), now=5.0), [], 100.0
        for at, (instrument, name, value, step) in enumerate(puts):
            if at == cut:
                state = json.loads(json.dumps(records.state()))
                records = MqttRecords(plan(join=join), state, now=7.0)
            now += step
            found += records.flush(now)
            topic = f"lab/{instrument}/{name}"
            found += records.take(heard(topic, {"run": value, "value": now}, now))
        return found + records.flush(1e9)

    items = run(None)
    assert run(cut) == items
    names = [item.record_id for item in items if isinstance(item, Arrival)]
    assert len(set(names)) == len(names) == len(items)


def test_records_of_a_list_and_parts_of_the_topic() -> None:
    records = MqttRecords(plan(topics=["lab/{instrument}/{recipe}/{batch}"]), now=0.0)
    one, two = records.take(heard("lab/hplc/fast/7", [{"x": 1}, {"x": 2, "batch": 8}]))
    assert isinstance(one, Arrival)
    assert isinstance(two, Arrival)
    assert (one.instrument, one.recipe, one.values["batch"]) == ("hplc", "fast", "7")
    assert (two.values["batch"], two.values["x"]) == (8, 2)
    assert one.record_id != two.record_id


def test_with_a_time_of_its_own_content_is_identity() -> None:
    first, again = (MqttRecords(plan(time_from="at"), now=now) for now in (1.0, 2.0))
    message = heard("lab/a/run", {"at": 1790000000, "x": 1})
    (one,), (two,) = first.take(message), again.take(message)
    assert isinstance(one, Arrival)
    assert isinstance(two, Arrival)
    assert one.record_id == two.record_id


def test_a_joined_record_has_the_time_that_its_payload_says() -> None:
    join = {"trigger": "lab/{instrument}/done"}
    records = MqttRecords(plan(join=join, time_from="at", value_from="v"), now=0.0)
    assert records.take(heard("lab/a/t", {"v": 3, "at": 1790000000})) == []
    (record,) = records.take(heard("lab/a/done", {"run": 7, "at": 1790000005}))
    assert isinstance(record, Arrival)
    assert record.values == {
        "instrument": "a",
        "t": 3,
        "run": 7,
        "at": "2026-09-21T14:13:25+00:00",
    }
    (refused,) = records.take(heard("lab/a/t", {"w": 3}))
    assert isinstance(refused, Refusal)
    assert refused.error.path == "v"


def test_an_old_value_is_used_by_a_trigger_until_a_new_one_comes() -> None:
    records = MqttRecords(plan(join={"trigger": "lab/{instrument}/done"}), now=0.0)
    records.fill(heard("lab/a/t", 1))
    records.fill(heard("lab/a/done", 1))
    records.take(heard("lab/a/p", 2))
    records.fill(heard("lab/a/p", 99))
    (record,) = records.take(heard("lab/a/done", b"go"))
    assert isinstance(record, Arrival)
    assert record.values == {"instrument": "a", "t": "1", "p": "2", "done": "go"}


def test_values_that_wait_have_room_in_a_position() -> None:
    joins = Joins(MqttJoin(within="2 s"))
    done = []
    for i in range(1500):
        done += joins.put({"instrument": f"i{i}"}, "t", i, time=0.0, now=0.0)
    assert [fields["t"] for fields, _ in done] == list(range(500))
    with pytest.raises(MessageError, match="4,096"):
        joins.put({}, "t", "x" * 5000, time=0.0, now=0.0)
    with pytest.raises(MessageError, match="deep"):
        joins.put({}, "t", json.loads("[" * 500 + "]" * 500), time=0.0, now=0.0)
    triggered = Joins(MqttJoin(trigger="a/done"))
    for i in range(1000):
        triggered.put({"instrument": f"i{i}"}, "t", i, time=0.0, now=0.0)
    with pytest.raises(MessageError, match="wait already"):
        triggered.put({"instrument": "other"}, "t", 1, time=0.0, now=0.0)


def test_a_value_that_comes_twice_for_a_key_replaces_the_first() -> None:
    join = {"key": "run", "names": ["t", "p", "q"]}
    records = MqttRecords(plan(join=join, value_from="v"), now=0.0)
    for name, value in [("t", 1), ("t", 9), ("p", 1), ("t", 2), ("p", 1)]:
        assert records.take(heard(f"lab/a/{name}", {"run": 7, "v": value})) == []
    (record,) = records.take(heard("lab/a/q", {"run": 7, "v": 3}))
    assert isinstance(record, Arrival)
    assert record.values == {"instrument": "a", "run": 7, "t": 2, "p": 1, "q": 3}
