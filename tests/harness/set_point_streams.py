"""Campaigns in which the planner moves, the instrument changes, or both, at known records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, Table
from tests.harness.unchanged_streams import answers, wander

REFERENCE: Final = 500
STREAM: Final = 5000
MOVES: Final = 500
"""Record of the stream at which the planner moves, where it does so at once."""
GAIN: Final = 0.95
"""Of an instrument that has lost 5 %."""
SET_POINTS: Final = 3
SOLVENTS: Final = ("water", "ethanol", "oil")


@dataclass(frozen=True)
class SetPointStream:
    """A campaign and its reference.

    Args:
        reference: The first records.
        stream: Those after them.
        moved: Record of the stream from which the planner is elsewhere; None if it stays.
        change: Record of the stream from which the instrument is another; None if it never is.
        size: True mean shift of the column from then on, in its unit; 0 if there is none.
    """

    reference: Block
    stream: Block
    moved: int | None = None
    change: int | None = None
    size: float = 0.0


Make = Callable[[np.random.Generator], SetPointStream]
Codes = NDArray[np.int_]


def narrows(rng: np.random.Generator) -> SetPointStream:
    """The planner draws from a corner of what the reference knows."""
    low = np.where(np.arange(REFERENCE + STREAM) < REFERENCE + MOVES, 0.0, 0.6)[:, None]
    x = low + (1 - low) * rng.random((len(low), SET_POINTS))
    return _split(_measured(rng, x, 2), moved=MOVES)


def leaves(rng: np.random.Generator) -> SetPointStream:
    """The planner slides over 1,000 records into a region that the reference has never seen."""
    record = np.arange(REFERENCE + STREAM) - REFERENCE - MOVES
    low = 0.4 * np.clip(record / 1000, 0, 1)[:, None]
    x = low + 0.6 * rng.random((len(low), SET_POINTS))
    return _split(_measured(rng, x, 2), moved=MOVES)


def wanders(rng: np.random.Generator) -> SetPointStream:
    """The planner never stands still: the reference has seen a part of where it will be."""
    x = wander(rng, SET_POINTS, REFERENCE + STREAM)
    return _split(_measured(rng, x, 2), moved=0)


def solvents_change(rng: np.random.Generator) -> SetPointStream:
    """Another mix of solvents, each of which answers as before."""
    x, solvent = _drawn(rng, MOVES)
    return _split(_with_solvents(rng, x, solvent), moved=MOVES)


def gain_falls(rng: np.random.Generator) -> SetPointStream:
    """The first of two measured columns loses 5 % while the planner moves to and fro."""
    change = _change(rng)
    x = _to_and_fro(rng)
    return _fallen(_measured(rng, x, 2, _gain(change)), _measured(rng, x, 2), change)


def one_of_six(rng: np.random.Generator) -> SetPointStream:
    """The same, with five columns beside it that measure as before."""
    change = _change(rng)
    x = _to_and_fro(rng)
    return _fallen(_measured(rng, x, 6, _gain(change)), _measured(rng, x, 6), change)


def with_solvents(rng: np.random.Generator) -> SetPointStream:
    """The same, where a solvent is among the set-points and its mix changes before the gain."""
    change = _change(rng)
    x, solvent = _drawn(rng, MOVES)
    changed = _with_solvents(rng, x, solvent, _gain(change))
    return _fallen(changed, _with_solvents(rng, x, solvent), change, moved=MOVES)


UNCHANGED_INSTRUMENT: Final[dict[str, Make]] = {
    "planner narrows": narrows,
    "planner leaves": leaves,
    "planner wanders": wanders,
    "mix of solvents changes": solvents_change,
}
CHANGED_INSTRUMENT: Final[dict[str, Make]] = {
    "gain -5 %": gain_falls,
    "gain -5 %, one of six": one_of_six,
    "gain -5 %, solvents": with_solvents,
}


def set_point_stream(name: str, seed: int) -> SetPointStream:
    """One campaign of either list, by a seed."""
    makers = UNCHANGED_INSTRUMENT | CHANGED_INSTRUMENT
    return makers[name](np.random.default_rng([seed, tuple(makers).index(name)]))


def _change(rng: np.random.Generator) -> int:
    return 1000 + int(rng.integers(500))


def _gain(change: int) -> FloatArray:
    return np.where(np.arange(REFERENCE + STREAM) < REFERENCE + change, 1.0, GAIN)


def _to_and_fro(rng: np.random.Generator) -> FloatArray:
    """The reference covers the cube; then a window of .4 goes through it, 2,000 records a round."""
    record = np.arange(REFERENCE + STREAM) - REFERENCE
    low = 0.3 * (1 - np.cos(2 * np.pi * record / 2000))[:, None]
    drawn = rng.random((len(record), SET_POINTS))
    return np.asarray(np.where(record[:, None] < 0, drawn, low + 0.4 * drawn))


def _drawn(rng: np.random.Generator, moves: int) -> tuple[FloatArray, Codes]:
    """Set-points all over the cube, and solvents of which the mix changes at a record."""
    n = REFERENCE + STREAM
    before = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    after = rng.choice(3, size=n, p=[0.1, 0.3, 0.6])
    return rng.random((n, SET_POINTS)), np.where(np.arange(n) < REFERENCE + moves, before, after)


def _measured(
    rng: np.random.Generator, x: FloatArray, columns: int, gain: FloatArray | float = 1.0
) -> Block:
    """Measured columns of which the first has that gain."""
    y = answers(rng, x, columns)
    y[:, 0] *= gain
    table = Table((*_set_points(), *(Column(name=f"y{j}", unit="mV") for j in range(columns))))
    return Block(table, np.hstack([x, y]), np.empty((len(x), 0), dtype=object))


def _with_solvents(
    rng: np.random.Generator, x: FloatArray, solvent: Codes, gain: FloatArray | float = 1.0
) -> Block:
    """One measured column to which each solvent adds its own."""
    y = gain * (answers(rng, x, 1)[:, 0] + np.array([0.0, 0.5, 1.5])[solvent])
    choice = Column(name="solvent", role=Role.SET_POINT, kind=Kind.CATEGORY)
    table = Table((*_set_points(), choice, Column(name="y0", unit="mV")))
    texts = np.array(SOLVENTS, dtype=object)[solvent][:, None]
    return Block(table, np.column_stack([x, y]), texts)


def _set_points() -> tuple[Column, ...]:
    return tuple(Column(name=f"s{j}", role=Role.SET_POINT) for j in range(SET_POINTS))


def _split(block: Block, moved: int | None) -> SetPointStream:
    return SetPointStream(block[:REFERENCE], block[REFERENCE:], moved)


def _fallen(changed: Block, unchanged: Block, change: int, moved: int | None = 0) -> SetPointStream:
    """The mean shift is what the gain takes from the answers after the change."""
    size = (GAIN - 1) * float(unchanged.number("y0")[REFERENCE + change :].mean())
    return SetPointStream(changed[:REFERENCE], changed[REFERENCE:], moved, change, size)
