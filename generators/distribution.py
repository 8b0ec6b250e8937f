"""One column's declared distribution, with numbers, formulas of earlier columns, or fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import EquationLaw, FloatArray, ObjectArray

from .errors import BrokenProcess
from .grid import Grid

ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "constant": ("value",),
    "normal": ("mean", "sd"),
    "lognormal": ("median", "factor"),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "gamma": ("shape", "scale"),
    "beta": ("a", "b", "low", "high"),
    "poisson": ("mean",),
    "grid": ("low", "high", "step"),
    "categorical": ("levels", "weights"),
}
"""Arguments of each distribution; all of them, or none: then they are fitted to the real rows."""

_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "beta": {"low": 0.0, "high": 1.0},
    "categorical": {"weights": None},
}
_POSITIVE: Final = frozenset({"sd", "factor", "shape", "scale", "a", "b", "step"})


@dataclass(frozen=True)
class Distribution:
    """How the cells of one column are drawn.

    ``lognormal`` is ``median * factor**e`` with a standard normal ``e``; ``beta`` stretches from
    ``low`` to ``high``; ``grid`` takes each of ``low, low + step, ...`` up to ``high`` as often;
    ``categorical`` takes ``levels`` by their ``weights``, equal ones if left out.

    Args:
        column: Its name, for errors.
        kind: One of `ARGUMENTS`.
        arguments: By name: numbers, or formulas of columns before it such as
            ``"0.2 * temperature"``; levels and weights are lists.

    Raises:
        BrokenProcess: For an unknown kind, an argument that it does not have or that is wrong.

    Example:
        >>> noise = Distribution("y", "normal", {"mean": "2 * x", "sd": 0.1})
        >>> noise.inputs
        ('x',)
        >>> noise.draw({"x": np.array([1., 5.])}, 2, np.random.default_rng(0)).round(2)
        array([2.01, 9.99])
    """

    column: str
    kind: str
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in ARGUMENTS:
            raise self._broken(f"no distribution {self.kind!r}; there are {', '.join(ARGUMENTS)}")
        known, needed = set(ARGUMENTS[self.kind]), set(self._needed)
        if strange := sorted(set(self.arguments) - known):
            raise self._broken(
                f"{self.kind} has no {strange[0]!r}; it has {', '.join(ARGUMENTS[self.kind])}"
            )
        missing = sorted(needed - set(self.arguments))
        if self.arguments and missing:
            raise self._broken(
                f"{self.kind} lacks {missing[0]!r}: give all of {', '.join(self._needed)}, or none "
                "of them to have them fitted"
            )
        for name, value in self.arguments.items():
            self._check(name, value)

    @property
    def fitted(self) -> bool:
        """Whether all arguments are there."""
        return bool(self.arguments)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns that its formulas need, sorted."""
        formulas = (self._formula(v) for v in self.arguments.values() if isinstance(v, str))
        return tuple(sorted({name for formula in formulas for name in formula.inputs}))

    def fit(self, cells: FloatArray | ObjectArray) -> Distribution:
        """The same with its arguments fitted: by moments, ranges, or shares.

        Args:
            cells: Of the column in the real rows, shape (n,).

        Raises:
            BrokenProcess: For a column without any cell, or cells that it cannot have.
        """
        if self.kind == "categorical":
            texts = [cell for cell in cells.tolist() if cell is not None]
            levels = sorted(set(texts))
            found: dict[str, Any] = {
                "levels": levels,
                "weights": [texts.count(level) / len(texts) for level in levels],
            }
            empty = not texts
        else:
            numbers = np.asarray(cells, dtype=np.float64)
            numbers = numbers[~np.isnan(numbers)]
            empty = not numbers.size
            found = {} if empty else _fitted(self.kind, numbers)
        if empty:
            raise self._broken(f"{self.kind} cannot be fitted: no real row has a cell")
        if any(isinstance(v, float) and not math.isfinite(v) for v in found.values()):
            raise self._broken(f"{self.kind} cannot be fitted to the real rows")
        return Distribution(self.column, self.kind, found)

    def draw(
        self, values: Mapping[str, FloatArray], rows: int, random: np.random.Generator
    ) -> NDArray[Any]:
        """Cells, shape (rows,): numbers, or texts of a category.

        Args:
            values: Columns before it, each of shape (rows,).
            rows: How many.
            random: All random numbers come from it.

        Raises:
            BrokenProcess: Where a formula gives an argument that is not possible.
        """
        if self.kind == "categorical":
            levels = np.array(self.arguments["levels"], dtype=object)
            weights = self.arguments.get("weights") or np.ones(len(levels))
            share = np.asarray(weights, dtype=np.float64) / np.sum(weights)
            return np.asarray(levels[random.choice(len(levels), rows, p=share)], dtype=object)
        given = {**_DEFAULTS.get(self.kind, {}), **self.arguments}
        told = {name: self._argument(name, value, values, rows) for name, value in given.items()}
        return np.asarray(_DRAWS[self.kind](told, rows, random), dtype=np.float64)

    @property
    def _needed(self) -> tuple[str, ...]:
        optional = _DEFAULTS.get(self.kind, {})
        return tuple(name for name in ARGUMENTS[self.kind] if name not in optional)

    def _check(self, name: str, value: Any) -> None:
        """Refuse an argument that is wrong whatever the rows."""
        if name in ("levels", "weights"):
            length = len(self.arguments["levels"]) if isinstance(value, Sequence) else 0
            if not length or isinstance(value, str) or len(value) != length:
                raise self._broken(f"{name!r} should be a list with one entry for each level")
            if name == "weights" and not (min(value) >= 0 and 0 < sum(value) < math.inf):
                raise self._broken("'weights' should be numbers of at least 0, one above")
        elif isinstance(value, str):
            self._formula(value)
        elif not math.isfinite(value):
            raise self._broken(f"{name!r} is not finite")
        elif name in _POSITIVE and value <= 0:
            raise self._broken(f"{name!r} must be above 0, not {value:g}")

    def _formula(self, text: str) -> EquationLaw:
        try:
            return EquationLaw(f"it = {text}")
        except ValueError as error:
            raise self._broken(str(error)) from error

    def _argument(
        self, name: str, value: Any, values: Mapping[str, FloatArray], rows: int
    ) -> FloatArray:
        if not isinstance(value, str):
            return np.full(rows, float(value))
        found = self._formula(value).value(values)
        bad = ~np.isfinite(found) | ((found <= 0) if name in _POSITIVE else False)
        if bad.any():
            due = "above 0" if name in _POSITIVE else "finite"
            raise self._broken(
                f"{name!r} = {value} is {found[bad][0]:g} in {int(bad.sum())} of {rows} rows; "
                f"it must be {due}"
            )
        return found

    def _broken(self, text: str) -> BrokenProcess:
        return BrokenProcess(f"process of column {self.column!r}: {text}")


def _grid(told: Mapping[str, FloatArray], rows: int, random: np.random.Generator) -> FloatArray:
    low, step = told["low"], told["step"]
    lines = np.floor((told["high"] - low) / step + 1e-9) + 1
    cells = low + step * np.floor(random.random(rows) * np.maximum(lines, 1))
    digits = Grid.of(np.array([low[0], step[0]]), origin=0)
    return cells if digits is None else Grid(digits.decimals, 0, 1).snap(cells)


def _triangular(
    told: Mapping[str, FloatArray], rows: int, random: np.random.Generator
) -> FloatArray:
    low, high = told["low"], np.maximum(told["high"], told["low"])
    mode = np.clip(told["mode"], low, high)
    span = np.where(high > low, high - low, 1.0)
    chance, knee = random.random(rows), (mode - low) / span
    up = low + np.sqrt(chance * span * (mode - low))
    down = high - np.sqrt((1 - chance) * span * (high - mode))
    return np.where(high > low, np.where(chance < knee, up, down), low)


_DRAWS: Final[dict[str, Any]] = {
    "constant": lambda told, _rows, _random: told["value"],
    "normal": lambda told, rows, random: told["mean"] + told["sd"] * random.standard_normal(rows),
    "lognormal": lambda told, rows, random: (
        told["median"] * told["factor"] ** random.standard_normal(rows)
    ),
    "uniform": lambda told, rows, random: (
        told["low"] + (told["high"] - told["low"]) * random.random(rows)
    ),
    "triangular": _triangular,
    "gamma": lambda told, _rows, random: random.gamma(told["shape"], told["scale"]),
    "beta": lambda told, _rows, random: (
        told["low"] + (told["high"] - told["low"]) * random.beta(told["a"], told["b"])
    ),
    "poisson": lambda told, _rows, random: random.poisson(np.maximum(told["mean"], 0.0)),
    "grid": _grid,
}


def _fitted(kind: str, cells: FloatArray) -> dict[str, Any]:
    """Arguments by moments and ranges of cells, shape (n,), n at least 1."""
    mean, low, high = float(cells.mean()), float(cells.min()), float(cells.max())
    sd = float(cells.std()) or max(abs(mean), 1.0) * 1e-9
    if kind in _BY_SHAPE:
        return _BY_SHAPE[kind](cells, mean, sd)
    grid = Grid.of(cells)
    found = {
        "mean": mean,
        "sd": sd,
        "low": low,
        "high": high,
        "mode": min(max(3 * mean - low - high, low), high),
        "step": grid.step / 10.0**grid.decimals if grid else sd,
        "value": float(np.median(cells)),
    }
    return {name: found[name] for name in ARGUMENTS[kind]}


def _lognormal_of(cells: FloatArray, _mean: float, _sd: float) -> dict[str, Any]:
    with np.errstate(all="ignore"):
        logs = np.log(cells)
        return {"median": float(np.exp(logs.mean())), "factor": float(np.exp(logs.std() or 1e-9))}


def _gamma_of(_cells: FloatArray, mean: float, sd: float) -> dict[str, Any]:
    return {"shape": (mean / sd) ** 2, "scale": sd**2 / mean if mean else math.nan}


def _beta_of(cells: FloatArray, mean: float, sd: float) -> dict[str, Any]:
    low, high = float(cells.min()), float(cells.max())
    span = (high - low) or 1.0
    centre = min(max((mean - low) / span, 1e-3), 1 - 1e-3)
    total = max(centre * (1 - centre) / (sd / span) ** 2 - 1, 1e-3)
    return {"a": centre * total, "b": (1 - centre) * total, "low": low, "high": high}


_BY_SHAPE: Final[dict[str, Callable[[FloatArray, float, float], dict[str, Any]]]] = {
    "lognormal": _lognormal_of,
    "gamma": _gamma_of,
    "beta": _beta_of,
}
