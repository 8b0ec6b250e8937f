"""Sources of type kafka and bluesky in the lab file: what is taken, and what is told."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halflife.schemas.errors import LabFileError
from halflife.schemas.lab import Lab
from halflife.schemas.sources.kafka_source import KafkaSource
from halflife.schemas.sources.topic_source import TopicSource

DOCS = Path(__file__).parents[2] / "streams" / "connectors" / "docs"
STREAM = '[stream.s]\n[stream.s.column]\nx = { role = "measured" }\n[source.s]\n'


def source(keys: str) -> TopicSource:
    found = Lab.parse(STREAM + keys).sources["s"]
    assert isinstance(found, TopicSource)
    return found


def snippets() -> list[str]:
    return [
        text
        for name in ("kafka", "bluesky")
        for text in re.findall(r"```toml\n(.*?)```", (DOCS / f"{name}.md").read_text(), re.S)
    ]


@pytest.mark.parametrize("text", snippets())
def test_lab_files_of_the_documentation_are_right(text: str) -> None:
    lab = Lab.parse(text)
    assert set(lab.sources) == set(tomllib.loads(text)["source"])
    assert all(plan.wanted for plan in lab.sources.values() if isinstance(plan, TopicSource))


@pytest.mark.parametrize("name", ["kafka", "bluesky"])
def test_the_documentation_knows_each_key(name: str) -> None:
    kind = type(source(f'type = "{name}"\ntopic = "t"'))
    text = (DOCS / f"{name}.md").read_text() + (DOCS / "kafka.md").read_text()
    own = {field.alias or key for key, field in kind.model_fields.items()}
    assert {key for key in own - {"name", "type"} if f"`{key}`" not in text} == set()


def test_a_template_alone_says_which_topics_are_read() -> None:
    plan = source('type = "kafka"\ntopic_template = "mdml-{recipe}-{instrument}"')
    assert isinstance(plan, KafkaSource)
    assert plan.wanted == ["mdml-*-*"]


@pytest.mark.parametrize(
    "start", ['"2026-11-22T10:00:00Z"', "2026-11-22T10:00:00Z", '"2026-11-22T11:00:00+01:00"']
)
def test_a_start_is_a_time_in_quotes_or_not(start: str) -> None:
    plan = source(f'type = "kafka"\ntopic = "t"\nstart = {start}')
    assert plan.start == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "topic is missing"),
        ('topic = "a b"', "source.s.topic"),
        ('topic = "t"\nstart = "2026-11-22"', "source.s.start"),
        ('topic = "t"\nstart = "soon"', "source.s.start"),
        ('topic = "t"\nservers = "kafka"', "source.s.servers"),
        ('topic = "t"\nusername = "me"', "password_file or password_env"),
        ('topic = "t"\npassword_env = "P"', "username is due"),
        ('topic = "t"\nca_file = "/ca.pem"', "need tls = true"),
        ('topic = "t"\ntls = true\ncert_file = "/c.pem"', "together with key_file"),
        ('topic_template = "a-{x}{y}"', "some text between two"),
        ('topic_template = "a-{x}-{x}"', "each field once"),
        ('topic = "t"\nregistry = "http://r:8081"', "for format confluent or auto"),
        ('topic = "t"\nformat = "auto"\nregistry = "ftp://r"', "source.s.registry"),
        ('topic = "t"\nformat = "avro"', "source.s.format"),
        ('topic = "t"\ntopics = "t"', "unknown key"),
    ],
)
def test_what_is_wrong_is_told(keys: str, said: str) -> None:
    with pytest.raises(LabFileError, match=re.escape(said)):
        source(f'type = "kafka"\n{keys}')
