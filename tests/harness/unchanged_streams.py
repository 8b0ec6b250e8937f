"""Streams in which nothing changes, of every kind that a promise about false alarms has to hold on.

Each is one run of records: the first are the reference, the rest the stream after it. d counts all
columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, Table

Maker = Callable[[np.random.Generator, int, int], Block]

BURN_IN: Final = 200
"""Records before the first of an autocorrelated stream: .9 to that power is below 1e-9."""


def normal(rng: np.random.Generator, d: int, n: int) -> Block:
    """Independent Gaussian columns."""
    return numbers(rng.standard_normal((n, d)))


def student(rng: np.random.Generator, d: int, n: int) -> Block:
    """Independent columns of Student's t with 3 degrees of freedom."""
    return numbers(rng.standard_t(3, (n, d)))


def autoregressive(correlation: float) -> Maker:
    """Gaussian columns in which a record is so correlated with the one before."""

    def make(rng: np.random.Generator, d: int, n: int) -> Block:
        noise = rng.standard_normal((BURN_IN + n, d))
        gain = np.sqrt(1 - correlation**2)
        return numbers(lfilter([gain], [1, -correlation], noise, axis=0)[BURN_IN:])

    return make


def stretches(rng: np.random.Generator, d: int, n: int) -> Block:
    """Gaussian columns that scatter more and less by turns, for some 50 records each time."""
    noisy = np.cumsum(rng.random((n, d)) < 1 / 50, axis=0) % 2
    return numbers(rng.standard_normal((n, d)) * np.where(noisy, 1.25, 0.75))


def grid(rng: np.random.Generator, d: int, n: int) -> Block:
    """Readings on a scale of about 40 marks, and counts of mean 3, by turns."""
    x = np.round(rng.standard_normal((n, d)) * 6.0) / 6.0
    x[:, 1::2] = rng.poisson(3.0, x[:, 1::2].shape)
    return numbers(x)


def ties(rng: np.random.Generator, d: int, n: int) -> Block:
    """Half of the cells are one value; of four columns one is only 0 and 1, one is constant."""
    x = np.where(rng.random((n, d)) < 0.5, 0.0, rng.exponential(1.0, (n, d)))
    x[:, 2::4] = rng.random(x[:, 2::4].shape) < 0.2
    x[:, 3::4] = 7.0
    return numbers(x)


def detection_limit(rng: np.random.Generator, d: int, n: int) -> Block:
    """Log-normal concentrations; the 10 to 60 % under a limit are given as the limit."""
    x = rng.standard_normal((n, d))
    limit = np.resize([-1.28, -0.52, 0.0, 0.25], d)
    return numbers(np.exp(np.maximum(x, limit)))


def mixed(rng: np.random.Generator, d: int, n: int) -> Block:
    """Numbers with 5 % of cells missing, and every other column a category of 2 to 9 levels."""
    columns = tuple(
        Column(name=f"x{j}", kind=Kind.CATEGORY if j % 2 else Kind.NUMBER) for j in range(d)
    )
    table = Table(columns)
    x = rng.standard_normal((n, len(table.numeric)))
    x[rng.random(x.shape) < 0.05] = np.nan
    texts = np.empty((n, len(table.categories)), dtype=object)
    for j in range(texts.shape[1]):
        weights = 0.6 ** np.arange(2 + j % 8)
        texts[:, j] = _levels(rng.choice(len(weights), size=n, p=weights / weights.sum()))
    return Block(table, x, texts)


def drawn_campaign(rng: np.random.Generator, d: int, n: int) -> Block:
    """Set-points that a planner draws anew each time: numbers, one on a grid, and one category.

    The measured columns follow all of them, with noise.
    """
    table = campaign_table(d, category=True)
    p = len(table.set_points) - 1
    x = rng.random((n, p))
    x[:, 0] = np.round(x[:, 0] * 10) / 10
    solvent = rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
    y = answers(rng, x, d - p - 1) + 0.5 * np.sin(solvent)[:, None]
    return Block(table, np.hstack([x, y]), _levels(solvent)[:, None])


def wandering_campaign(rng: np.random.Generator, d: int, n: int) -> Block:
    """Set-points that a planner moves slowly about, with measured columns that follow, with noise.

    It tries points near an incumbent, which walks about the unit cube, and now and then anywhere.
    """
    table = campaign_table(d)
    p = len(table.set_points)
    x = wander(rng, p, n)
    return Block(table, np.hstack([x, answers(rng, x, d - p)]), np.empty((n, 0), dtype=object))


def campaign_on_a_grid(rng: np.random.Generator, d: int, n: int) -> Block:
    """Set-points on a coarse grid, and answers that repeat: exact ones, yes or no, counts, grades.

    Grades answer to set-points that are not on the grid as well: there no two rows are alike.
    """
    table = campaign_table(d)
    p = len(table.set_points)
    x = rng.integers(0, 4, (n, p)).astype(float)
    x[:, -1] = rng.random(n) * 3.0
    level = x[:, 0]
    makers = (
        lambda: 2.0 * level + level**2,
        lambda: (rng.random(n) < 0.1 + 0.25 * level).astype(float),
        lambda: rng.poisson(0.2 + level).astype(float),
        lambda: np.floor(x[:, -1] + 0.3 * rng.random(n)),
    )
    y = np.column_stack([makers[j % len(makers)]() for j in range(d - p)])
    return Block(table, np.hstack([x, y]), np.empty((n, 0), dtype=object))


UNCHANGED_KINDS: Final[dict[str, Maker]] = {
    "normal": normal,
    "Student t(3)": student,
    "AR(1) .3": autoregressive(0.3),
    "AR(1) .6": autoregressive(0.6),
    "AR(1) .9": autoregressive(0.9),
    "grid": grid,
    "ties": ties,
    "detection limit": detection_limit,
    "mixed": mixed,
    "campaign, drawn": drawn_campaign,
    "campaign, wandering": wandering_campaign,
    "campaign, grid": campaign_on_a_grid,
    "noise in stretches": stretches,
}
DEPENDENT: Final = frozenset(
    {"AR(1) .3", "AR(1) .6", "AR(1) .9", "campaign, wandering", "noise in stretches"}
)
"""Records are not independent of those before."""
MOVING_PLANNER: Final = frozenset({"campaign, wandering"})
"""That the planner moved is true there, and no false alarm."""


def unchanged(kind: str, d: int, n: int, seed: int) -> Block:
    """A run of n records of one kind, of d columns."""
    position = tuple(UNCHANGED_KINDS).index(kind)
    return UNCHANGED_KINDS[kind](np.random.default_rng([seed, d, position]), d, n)


def numbers(x: FloatArray) -> Block:
    """Measured columns of numbers."""
    table = Table(tuple(Column(name=f"x{j}") for j in range(x.shape[1])))
    return Block(table, np.asarray(x, dtype=float), np.empty((len(x), 0), dtype=object))


def campaign_table(d: int, *, category: bool = False) -> Table:
    """A quarter of the columns, from two to six, are set-points; one may be a category."""
    p = min(6, max(2, d // 4))
    kinds = [Kind.NUMBER] * p
    if category:
        kinds[-1] = Kind.CATEGORY
    set_points = (
        Column(name=f"s{j}", role=Role.SET_POINT, kind=kind) for j, kind in enumerate(kinds)
    )
    return Table((*set_points, *(Column(name=f"y{j}", unit="mV") for j in range(d - p))))


def wander(rng: np.random.Generator, p: int, n: int, step: float = 0.02) -> FloatArray:
    """Points of a planner, shape (n, p), in [0, 1]: a walk reflected at the walls, tried around.

    One point in ten is drawn from all of the cube.
    """
    walk = rng.random(p) + np.cumsum(step * rng.standard_normal((n, p)), axis=0)
    tried = walk + 0.1 * rng.standard_normal((n, p))
    folded = np.abs((tried + 1.0) % 2.0 - 1.0)
    return np.where(rng.random((n, 1)) < 0.1, rng.random((n, p)), folded)


def answers(
    rng: np.random.Generator, x: FloatArray, columns: int, gain: float | FloatArray = 1.0
) -> FloatArray:
    """What an instrument measures at set-points of shape (n, p); shape (n, columns).

    Column j answers ``2 + sin(3 x_j + j) + x_{j+1}^2`` times its gain; the noise of every other
    one grows with the answer.
    """
    n, p = x.shape
    y = np.empty((n, columns))
    for j in range(columns):
        clean = gain * (2.0 + np.sin(3 * x[:, j % p] + j) + x[:, (j + 1) % p] ** 2)
        noise = 0.1 if j % 2 else 0.04 * clean
        y[:, j] = clean + noise * rng.standard_normal(n)
    return y


def _levels(codes: NDArray[np.int_]) -> NDArray[np.object_]:
    return np.array([f"level {code}" for code in range(int(codes.max()) + 1)], dtype=object)[codes]
