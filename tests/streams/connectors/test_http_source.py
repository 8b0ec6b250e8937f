"""The source that sends by itself, as the lab file declares it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.schemas.sources.http_source import HttpSource
from halflife.streams.connectors.errors import SourceRefused
from halflife.streams.connectors.registry import connector_names, make_connector
from halflife.streams.connectors.surroundings import Surroundings

GUIDE = Path(__file__).parents[3] / "streams" / "connectors" / "docs" / "http.md"
STREAMS = '[stream.hplc.column]\npressure = { role = "measured", unit = "Pa" }\n'


def test_the_example_of_the_guide_is_understood() -> None:
    (snippet,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    plan = Lab.parse(STREAMS + snippet).sources["hplc"]
    assert isinstance(plan, HttpSource)
    assert (plan.id_from, plan.columns["pressure"].unit) == ("meta.run", "bar")


def test_nothing_is_read_from_it() -> None:
    assert "http" in connector_names()
    plan = HttpSource(name="hplc", type="http")
    with pytest.raises(SourceRefused, match="POST /v1/sources/hplc"):
        make_connector(plan, Surroundings(settings=Settings(), clock=lambda: 0.0))
