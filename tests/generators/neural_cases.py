"""Rows of known laws for the neural generators, and small networks that learn them."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np
import pytest

from halflife.generators import create
from halflife.generators.neural import Neural
from halflife.schemas.table import Block, Column, Kind, Table

KINDS = ("diffusion", "vae", "wgan")
TABLE = Table((Column(name="x"), Column(name="y"), Column(name="who", kind=Kind.CATEGORY)))


def need_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        if os.environ.get("CI"):
            pytest.fail("torch is absent, and CI must test the neural generators")
        pytest.skip("torch is absent: pip install 'halflife[neural]'")


def curve(rows: int = 500, seed: int = 0, levels: tuple[str, ...] = ("plus", "minus")) -> Block:
    """A curved relation with noise .1, its sign told by a category; third levels are minus."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    who = random.choice(np.array(levels, dtype=object), rows)
    y = np.where(who == "plus", 1.0, -1.0) * (1 + x**2) + 0.1 * random.normal(size=rows)
    return Block(TABLE, np.column_stack([x, y]), who[:, None])


def small(kind: str, table: Table = TABLE, **options: Any) -> Neural:
    made = create(kind, table, **{"steps": 100, "hidden": 16, "layers": 1, **options})
    assert isinstance(made, Neural)
    return made
