"""What the documentation of MQTT and Sparkplug B shows, works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from halflife.schemas.lab import Lab
from halflife.schemas.sources.access import Access
from halflife.schemas.sources.mqtt_broker import MqttBroker
from halflife.schemas.sources.mqtt_source import MqttSource
from halflife.schemas.sources.sparkplug_source import SparkplugSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.mqtt.heard import Heard
from halflife.streams.connectors.mqtt.mqtt_records import MqttRecords
from halflife.streams.connectors.record_maker import RecordMaker

DOCS = Path(__file__).parents[3] / "streams" / "connectors" / "docs"


def snippets(name: str) -> list[str]:
    found = re.findall(r"^```toml\n(.*?)^```", (DOCS / name).read_text("utf-8"), re.M | re.S)
    assert found
    return found


@pytest.mark.parametrize(
    ("name", "kind"), [("mqtt.md", MqttSource), ("sparkplug.md", SparkplugSource)]
)
def test_every_lab_file_is_one(name: str, kind: type) -> None:
    for text in snippets(name):
        (plan,) = Lab.parse(text).sources.values()
        assert isinstance(plan, kind)


@pytest.mark.parametrize(
    ("name", "kind", "base"),
    [("mqtt.md", MqttSource, Access), ("sparkplug.md", SparkplugSource, MqttBroker)],
)
def test_every_key_of_its_own_is_told_and_no_other(
    name: str, kind: type[Access], base: type[Access]
) -> None:
    table = (DOCS / name).read_text("utf-8").split("## Keys")[1].split("\n## ")[0]
    told = set(re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", table, re.M))))
    assert told == set(kind.model_fields) - set(base.model_fields)


def test_the_first_example_makes_the_record_that_it_tells_of() -> None:
    lab = Lab.parse(snippets("mqtt.md")[0])
    plan = lab.sources["hplc"]
    assert isinstance(plan, MqttSource)
    told = re.search(r"`(lab/\S+)` with the payload `(.*?)`", (DOCS / "mqtt.md").read_text("utf-8"))
    assert told is not None
    heard = Heard(told[1], told[2].encode(), 1, False, False, 1, 1.0)
    (arrival,) = MqttRecords(plan, now=0.0).take(heard)
    assert isinstance(arrival, Arrival)
    record = RecordMaker(plan, lab.streams["hplc"], clock=lambda: 1.0).make(arrival)
    assert record.values == {"flow": 1.2, "area": 830.5}
    assert record.instrument == "hplc-2"
