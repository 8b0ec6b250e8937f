from __future__ import annotations

import pytest

from halflife.schemas.settings import Settings
from halflife.streams.broker.access import open_admin
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.embedded import EmbeddedKafka
from halflife.streams.broker.topics import TopicPlan, create_topics


def test_topics_are_made_once_with_their_settings(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    settings = Settings(broker=kafka.address)
    plan = TopicPlan.with_prefix(topic_prefix)
    assert create_topics(settings, plan, partitions=3) == list(plan.names)
    assert create_topics(settings, plan, partitions=3) == []
    with open_admin(settings) as admin:
        topics = {topic["name"]: topic for topic in admin.describe_topics(plan.names)}
        assert [len(topics[name]["partitions"]) for name in plan.names] == [3] * len(plan.names)
        for name, due in plan.configs.items():
            resource = ConfigResource(ConfigResourceType.TOPIC, name)
            found = admin.describe_configs([resource])["topic"][name]
            assert {key: found[key]["value"] for key in due} == due


def test_a_missing_topic_is_added_to_the_others(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    settings = Settings(broker=kafka.address)
    plan = TopicPlan.with_prefix(topic_prefix)
    create_topics(settings, plan, partitions=1)
    foreign = TopicPlan.with_prefix(topic_prefix, records=f"{topic_prefix}.runs")
    assert create_topics(settings, foreign, partitions=1) == [f"{topic_prefix}.runs"]


def test_another_count_of_partitions_is_an_error_that_names_both(
    kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    settings = Settings(broker=kafka.address)
    plan = TopicPlan.with_prefix(topic_prefix)
    create_topics(settings, plan, partitions=2)
    with pytest.raises(BrokerError, match=r"records has 2 partitions where 4 are due"):
        create_topics(settings, plan, partitions=4)


def test_what_the_cluster_refuses_is_told(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    plan = TopicPlan.with_prefix(topic_prefix)
    with pytest.raises(BrokerError, match=f"could not make topic {topic_prefix}.*replication"):
        create_topics(Settings(broker=kafka.address), plan, partitions=1, replication=3)
