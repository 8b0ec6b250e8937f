"""Generators that other packages bring."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from halflife.generators import BrokenGenerator, Generator, create, generator_names
from halflife.schemas.table import Block, Column, Kind, Table

from .readme_examples import example

TABLE = Table((Column(name="x"), Column(name="who", kind=Kind.CATEGORY)))
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package as pip does: modules and a folder of metadata on the path."""
    modules = set(sys.modules)

    def install(package: str, points: str, code: str = "", module: str = "my_generators") -> None:
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[halflife.generators]\n{points}\n")
        (tmp_path / f"{module}.py").write_text(code)
        importlib.invalidate_caches()

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for name in set(sys.modules) - modules:
        if name.startswith("my_"):
            del sys.modules[name]


def rows() -> Block:
    texts = np.where(np.arange(60) % 3 == 0, "ann", "bob").astype(object)[:, None]
    return Block(TABLE, np.arange(60.0)[:, None], texts)


def test_the_example_of_the_documentation_works(install: Install, tmp_path: Path) -> None:
    declared = tomllib.loads(example("A generator of your own", "toml"))
    points = declared["project"]["entry-points"]["halflife.generators"]
    assert "bootstrap" not in generator_names()
    text = "\n".join(f"{name} = {value}" for name, value in points.items())
    install("my-generators", text, example("A generator of your own", "python"))
    assert "my_generators" not in sys.modules
    assert "bootstrap" in generator_names()
    assert "my_generators" not in sys.modules  # names are told without loading anything
    generator = create("bootstrap", TABLE)
    generator.fit(rows(), seed=0)
    made = generator.sample(300, seed=1)
    assert set(made.number("x")) <= set(rows().number("x"))
    assert generator.sample(100, seed=1).digest() == made[:100].digest()
    generator.save(tmp_path / "own.npz")
    assert Generator.load(tmp_path / "own.npz").sample(300, seed=1).digest() == made.digest()


@pytest.mark.parametrize(
    ("points", "code", "said"),
    [
        ("own = my_generators:Own", "1 / 0", "cannot be imported: ZeroDivisionError"),
        ("own = my_generators:Own", "", "cannot be imported: AttributeError"),
        ("own = my_nothing:Own", "", "cannot be imported: ModuleNotFoundError"),
        ("own = my_generators:Own", "Own = 3", "is no class that extends Generator"),
        (
            "own = my_generators:Own",
            "from halflife.generators import Trees as Own",
            "registered as 'own' and says name = 'trees'",
        ),
        (
            "own = my_generators:Own",
            "from halflife.generators import Generator\nclass Own(Generator):\n    name = 'own'",
            "lacks draw, learn, restore, state",
        ),
    ],
)
def test_a_broken_one_is_told_with_its_package(
    install: Install, points: str, code: str, said: str
) -> None:
    install("my-package", points, code)
    with pytest.raises(BrokenGenerator, match=said) as told:
        create("own", TABLE)
    assert "'own' (my_" in str(told.value)
    assert "of the package my-package" in str(told.value)
    assert create("trees", TABLE).name == "trees"  # the others work all the same


def test_a_name_that_two_packages_give_is_refused(install: Install) -> None:
    install("one", "own = my_one:Own", module="my_one")
    install("two", "own = my_two:Own", module="my_two")
    with pytest.raises(BrokenGenerator, match=r"several packages: .*package one.*package two"):
        create("own", TABLE)


def test_ours_come_first(install: Install) -> None:
    install("my-package", "trees = my_generators:Own", "1 / 0")
    assert create("trees", TABLE).name == "trees"
