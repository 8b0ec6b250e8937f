"""Every connector in the registry, through the same checks."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from halflife.schemas.lab import Lab, lab_schema
from halflife.schemas.settings import Settings
from halflife.schemas.sources.kinds import SOURCES, read_sources
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.streams.connectors.connector import Connector
from halflife.streams.connectors.listening import listen
from halflife.streams.connectors.registry import CONNECTORS, SERVED, connector_names, make_connector
from halflife.streams.connectors.surroundings import Surroundings

DOCS = Path(__file__).parents[2] / "streams" / "connectors"
TYPES = sorted(CONNECTORS)
AWAY_SECONDS = 20.0


def snippets(path: Path) -> list[str]:
    """The lab files in a page: those snippets of TOML that have a source."""
    found = re.findall(r"```toml\n(.*?)```", path.read_text(), flags=re.DOTALL)
    return [text for text in found if "source" in tomllib.loads(text)]


def page(kind: str) -> Path:
    """A page may tell of several types: the README says which."""
    for line in (DOCS / "README.md").read_text().splitlines():
        if line.startswith("|") and f"`{kind}`" in line:
            (name,) = re.findall(r"\]\((docs/[a-z_-]+\.md)\)", line)
            return DOCS / str(name)
    raise AssertionError(f"streams/connectors/README.md has no line for {kind}")


def plans(kind: str) -> list[SourcePlan]:
    """The sources of a type that its page shows."""
    found = []
    for text in snippets(page(kind)):
        sources, problems = read_sources(tomllib.loads(text), None)
        assert not problems
        found += [plan for plan in sources.values() if plan.type == kind]
    return found


def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(settings=Settings(data=tmp_path), environ={}, clock=time.time, dry_run=True)


def connector_class(kind: str) -> type[Connector[Any]]:
    where, extra = CONNECTORS[kind]
    module, _, name = where.partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]  # a class
    except ModuleNotFoundError as error:
        if extra and not (error.name or "").startswith("halflife"):
            pytest.skip(f"{error.name} is absent: pip install 'halflife[{extra}]'")
        raise


def test_registry_and_models_are_of_the_same_types_in_alphabetical_order() -> None:
    assert list(CONNECTORS) == TYPES == sorted(CONNECTORS)
    assert list(SOURCES) == sorted(SOURCES)
    assert set(SOURCES) == {*CONNECTORS, *SERVED}
    assert set(TYPES) <= set(connector_names())


@pytest.mark.parametrize("kind", TYPES)
def test_its_class_reads_with_an_async_generator(kind: str) -> None:
    found = connector_class(kind)
    assert issubclass(found, Connector)
    assert inspect.isasyncgenfunction(found.read)
    assert found.__doc__


@pytest.mark.parametrize("kind", TYPES)
def test_every_key_of_its_model_is_described_and_in_the_schema(kind: str) -> None:
    model = SOURCES[kind]
    silent = [name for name, field in model.model_fields.items() if not field.description]
    assert not silent
    assert model.model_config.get("extra") == "forbid"
    assert model.__name__ in lab_schema()["$defs"]


@pytest.mark.parametrize("kind", TYPES)
def test_its_page_names_every_key_and_its_lab_files_are_in_order(kind: str) -> None:
    own = {
        field.alias or name
        for name, field in SOURCES[kind].model_fields.items()
        if name not in SourcePlan.model_fields
    }
    text = page(kind).read_text()
    assert not [key for key in sorted(own) if f"`{key}`" not in text], "a key without a word"
    assert plans(kind), "a page shows how to connect"
    for snippet in snippets(page(kind)):
        Lab.parse(snippet, loose="stream" not in tomllib.loads(snippet))


@pytest.mark.parametrize("kind", TYPES)
def test_a_key_that_it_does_not_know_is_refused_by_name(kind: str) -> None:
    given = {**plans(kind)[0].model_dump(exclude_unset=True, by_alias=True), "colour": "red"}
    given.pop("name")
    _, problems = read_sources({"source": {"one": given}}, None)
    assert [(place[-1], text.startswith("unknown key")) for place, text, *_ in problems] == [
        ("colour", True)
    ]


@pytest.mark.parametrize("kind", TYPES)
def test_a_source_that_is_away_is_told_in_a_sentence_within_seconds(
    kind: str, tmp_path: Path
) -> None:
    connector_class(kind)
    plan = away(plans(kind)[0], tmp_path)
    settings = Settings(data=tmp_path, broker="127.0.0.1:1")
    began = time.monotonic()
    heard = asyncio.run(listen(plan, settings, {}, records=1, seconds=2 * AWAY_SECONDS))
    assert time.monotonic() - began < AWAY_SECONDS
    assert not heard.items
    assert len(heard.trouble) > 10, "why it cannot be heard"
    assert not re.search(r"Traceback|object at 0x|\n", heard.trouble)


def away(plan: SourcePlan, tmp_path: Path) -> SourcePlan:
    """The same source where nobody is: at a port of this machine that nobody listens to."""
    given = plan.model_dump(exclude_unset=True, by_alias=True)
    nowhere = {
        "path": str(tmp_path / "none" / "a.csv"),
        "host": "127.0.0.1",
        "port": 1,
        "broker": "127.0.0.1:1",
        "endpoint": "opc.tcp://127.0.0.1:1",
        "url": "http://127.0.0.1:1",
    }
    # Passwords and certificates of an example are on nobody's disk.
    given = {k: v for k, v in given.items() if not k.endswith(("_file", "_env"))}
    for key, value in nowhere.items():
        if key in type(plan).model_fields:
            try:
                type(plan).model_validate({**given, key: value})
            except ValidationError:
                continue
            given[key] = value
    return type(plan).model_validate(given)


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_made_without_a_word_to_the_source(kind: str, tmp_path: Path) -> None:
    """``halflife check`` makes them all."""
    connector_class(kind)
    began = time.monotonic()
    made = make_connector(away(plans(kind)[0], tmp_path), surroundings(tmp_path))
    assert isinstance(made, Connector)
    assert time.monotonic() - began < 10
