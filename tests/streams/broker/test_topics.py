from __future__ import annotations

import re

import pytest

from halflife.streams.broker.topics import TopicPlan


def test_names_are_dotted_lower_case() -> None:
    plan = TopicPlan.with_prefix()
    assert len(plan.names) == 13
    assert plan.dead_letters == "halflife.dead-letters"
    assert all(re.fullmatch(r"halflife\.[a-z-]+", name) for name in plan.names)


def test_foreign_names_stand_as_given() -> None:
    plan = TopicPlan.with_prefix("lab", records="Instrument_7")
    assert plan.records == "Instrument_7"
    assert plan.batches == "lab.batches"
    assert plan.configs["Instrument_7"]["message.timestamp.type"] == "LogAppendTime"


def test_one_topic_has_one_purpose() -> None:
    with pytest.raises(ValueError, match=r"one topic for two purposes: lab\.batches"):
        TopicPlan.with_prefix("lab", records="lab.batches")


def test_an_unknown_purpose_is_refused() -> None:
    with pytest.raises(TypeError, match="recrods"):
        TopicPlan.with_prefix("lab", recrods="x")


def test_only_what_is_keyed_for_it_is_compacted() -> None:
    plan = TopicPlan.with_prefix()
    compacted = {n for n, c in plan.configs.items() if c.get("cleanup.policy") == "compact"}
    assert compacted == {plan.batches, plan.snapshots, plan.sources}
    assert set(plan.configs) == set(plan.names)
