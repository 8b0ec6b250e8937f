"""What the lab file says of EPICS and SiLA 2: every snippet of the documentation, and mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from halflife.schemas.errors import LabFileError
from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.connectors.registry import make_connector
from halflife.streams.connectors.surroundings import Surroundings

DOCS = Path(__file__).parents[3] / "streams" / "connectors" / "docs"
STREAM = '[stream.oven.column]\nt = { role = "measured" }\n[source.oven]\n'


@pytest.mark.parametrize("name", ["epics", "sila"])
def test_what_the_documentation_shows_is_understood(name: str) -> None:
    snippets = re.findall(r"```toml\n(.*?)```", (DOCS / f"{name}.md").read_text("utf-8"), re.S)
    assert snippets
    for snippet in snippets:
        (plan,) = Lab.parse(snippet).sources.values()
        surroundings = Surroundings(settings=Settings(), clock=lambda: 0.0)
        assert make_connector(plan, surroundings).plan is plan


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('type = "epics"\nchannels = ["T"]', "needs one of 'trigger'"),
        ('type = "epics"\nchannels = ["T"]\ntrigger = "T"\nwithin = "1 s"', "needs one of"),
        ('type = "epics"\nchannels = ["T"]\ntrigger = "P"', "'P', which is no name of 'channels'"),
        ('type = "epics"\nchannels = ["T", "T"]\ntrigger = "T"', "names a channel twice"),
        ('type = "epics"\nchannels = ["T", "a b"]\ntrigger = "T"', "channels"),
        ('type = "epics"\nchannels = []\ntrigger = "T"', "channels"),
        ('type = "epics"\nchannels = ["T"]\ntrigger = "T"\nmissing_at = "x"', "missing_at"),
        ('type = "epics"\nchannels = ["T"]\ntrigger = "T"\naddresses = ["a,b"]', "addresses"),
        (
            'type = "sila"\nhost = "h"\nport = 1\nproperties = { t = "F.P" }',
            "needs one of 'trigger'",
        ),
        (
            'type = "sila"\nhost = "h"\nport = 1\nproperties = { t = "F" }\ntrigger = "t"',
            "properties",
        ),
        (
            'type = "sila"\nhost = "h"\nport = 1\nproperties = { t = "F.P" }\nwithin = "1 s"\n'
            'settle = "1 s"',
            "has 'settle', which is for a 'trigger'",
        ),
        (
            'type = "sila"\nhost = "h"\nport = 0\nproperties = { t = "F.P" }\ntrigger = "t"',
            "port",
        ),
        (
            'type = "sila"\nhost = "h"\nport = 1\nproperties = { t = "F.P" }\ntrigger = "t"\n'
            'insecure = true\nca_file = "x.pem"',
            "is 'insecure', and has a certificate",
        ),
        (
            'type = "sila"\nhost = "h"\nport = 1\nproperties = { t = "F.P" }\ntrigger = "t"\n'
            'cert_file = "x.pem"',
            "'cert_file' and 'key_file' together",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, said: str) -> None:
    with pytest.raises(LabFileError) as caught:
        Lab.parse(STREAM + text)
    assert "source.oven" in str(caught.value)
    assert said in str(caught.value)
