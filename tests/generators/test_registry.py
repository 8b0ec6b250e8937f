"""Names of generators, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import halflife.generators
from halflife.generators import GENERATORS, Generator, Trees, UnknownGenerator, create
from halflife.schemas.table import Column, Table

TABLE = Table((Column(name="x"),))


def test_names_are_those_of_the_classes() -> None:
    assert {name: kind.name for name, kind in GENERATORS.items()} == {
        name: name for name in GENERATORS
    }
    assert all(issubclass(kind, Generator) for kind in GENERATORS.values())


def test_create_passes_options_on() -> None:
    trees = create("trees", TABLE, min_leaf=9)
    assert isinstance(trees, Trees)
    assert trees.min_leaf == 9
    with pytest.raises(TypeError, match="leaves"):
        create("trees", TABLE, leaves=9)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownGenerator, match="no generator 'gan'; there are auto, "):
        create("gan", TABLE)


def test_public_names_are_what_we_say() -> None:
    assert halflife.generators.GENERATORS is GENERATORS
    for name in set(halflife.generators.__all__) - {"GENERATORS"}:
        assert getattr(halflife.generators, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = halflife.generators.nothing


def test_importing_and_creating_loads_neither_torch_nor_scikit_learn() -> None:
    program = (
        "import sys\n"
        "from halflife.generators import Diffusion, Trees, create\n"
        "from halflife.schemas.table import Column, Table\n"
        "table = Table((Column(name='x'),))\n"
        "create('auto', table), create('diffusion', table)\n"
        "print(sorted({'torch', 'sklearn', 'pandas'} & set(sys.modules)))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert told.stdout == "[]\n"
