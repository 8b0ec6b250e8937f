"""Every example in a docstring does what it says."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
from importlib.util import find_spec

import pytest

ROOMS = ("schemas", "monitors", "generators", "streams")
NEURAL = {
    "halflife.generators.diffusion",
    "halflife.generators.vae",
    "halflife.generators.wgan",
}
"""Modules that are nothing without torch."""


def modules() -> list[str]:
    """Names of all installed modules; packages are imported to find what they hold."""
    names = []
    for room in ROOMS:
        package = importlib.import_module(f"halflife.{room}")
        walked = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        names += [package.__name__, *(found.name for found in walked)]
    return names


@pytest.mark.parametrize("name", modules())
def test_examples_do_what_they_say(name: str) -> None:
    if name in NEURAL and not os.environ.get("CI") and find_spec("torch") is None:
        pytest.skip("torch is absent: pip install 'halflife[neural]'")
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        runner.run(example, out=told.append)
    assert not runner.failures, "".join(told)


def test_all_rooms_are_walked() -> None:
    found = set(modules())
    assert {
        "halflife.schemas.table",
        "halflife.monitors.registry",
        "halflife.generators.trees",
    } <= found
    assert "halflife.streams.watch.stream_watch" in found, "packages within a room are walked too"
