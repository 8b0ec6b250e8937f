"""Rows of another generator, sieved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from halflife.generators import Generator, Sieved, UnknownGenerator, Where, create
from halflife.generators.row_places import RowPlaces
from halflife.schemas.table import Block, Column, Table

from .readme_examples import example

TABLE = Table((Column(name="x"), Column(name="y")))


def rows(count: int, seed: int) -> Block:
    numbers = np.random.default_rng(seed).normal(size=(count, 2))
    return Block(TABLE, numbers, np.empty((count, 0), dtype=object))


def fitted(power: float, kind: str = "noise", **options: float) -> Sieved:
    sieved = Sieved(TABLE, kind=kind, options=options, power=power)
    sieved.fit(rows(256, 0), seed=0)
    return sieved


def test_training_rows_are_told_more_evenly_than_by_chance() -> None:
    sieved, places = fitted(0.0), RowPlaces.of(rows(256, 0))

    def spread(made: Block) -> float:
        return float(np.bincount(places.nearest(made, 1)[1], minlength=256).var())

    # Independent draws have about the variance of Poisson, 1, and more as some are nearest to
    # many; with four candidates each, exp(-4) of the training rows have none and others take over.
    assert spread(sieved.inner.sample(256, seed=1)) > 0.8
    assert spread(sieved.sample(256, seed=1)) < 0.3


def test_power_keeps_rows_from_single_training_rows() -> None:
    places, free = RowPlaces.of(rows(256, 0)), RowPlaces.of(rows(256, 1))
    shares = []
    for power in (0.0, 2.0, 12.0):
        made = fitted(power, spread=0.1).sample(1024, seed=2)
        shares.append(float((places.nearest(made, 1)[0] < free.nearest(made, 1)[0]).mean()))
    assert shares[0] > 0.65
    assert shares == sorted(shares, reverse=True)
    assert shares[2] < shares[0] - 0.1


def test_conditions_are_met_row_by_row_and_by_all() -> None:
    sieved = fitted(1.0, kind="trees")
    where = Where.parse("x >= 0.5", TABLE)
    made = sieved.sample(300, seed=1, where=where)
    assert where.met(made).all()
    x = np.linspace(-1, 1, 300)[:, None]
    conditions = Block(Table((Column(name="x"),)), x, np.empty((300, 0), dtype=object))
    given = sieved.sample_given(conditions, seed=1)
    np.testing.assert_array_equal(given.number("x"), x[:, 0])
    np.testing.assert_array_equal(
        sieved.sample_given(conditions[:270], seed=1).numbers, given.numbers[:270]
    )


def test_it_is_made_again_from_its_parameters_and_from_a_file(tmp_path: Path) -> None:
    sieved = fitted(2.0, kind="trees", privacy=0.1)
    assert sieved.parameters["options"]["privacy"] == 0.1
    again = Sieved(TABLE, **sieved.parameters)
    again.fit(rows(256, 0), seed=0)
    sieved.save(tmp_path / "sieved.npz")
    loaded = Generator.load(tmp_path / "sieved.npz")
    made = sieved.sample(300, seed=3).digest()
    assert made == again.sample(300, seed=3).digest() == loaded.sample(300, seed=3).digest()


def test_what_is_not_to_be_sieved_is_refused() -> None:
    for kind in ("diffusion", "private", "minority", "auto", "sieved"):
        with pytest.raises(ValueError, match=f"rows of '{kind}' are not to be sieved"):
            Sieved(TABLE, kind=kind)
    with pytest.raises(ValueError, match="power must be at least 0, not -1"):
        Sieved(TABLE, power=-1)
    with pytest.raises(UnknownGenerator):
        Sieved(TABLE, kind="magic")


def test_the_example_of_the_page_works() -> None:
    known = {"create": create, "table": TABLE, "rows": rows(100, 0)}
    exec(example("Likeness, distance and skill at once", "python"), known)  # noqa: S102  # our own page
    made = known["made"]
    assert isinstance(made, Block)
    assert len(made) == 500
