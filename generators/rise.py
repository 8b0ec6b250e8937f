"""A column that never lies below others, as well as it does in the real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halflife.schemas.table import FloatArray


@dataclass(frozen=True)
class Rise:
    """An order law by construction: what is learnt is by how much a column rises above others.

    ``r = x - max_i b_i`` over the columns below it that have a cell; the generated column is
    ``max_i b_i + r`` of the generated row's own cells, within the observed range as far as the
    order allows. Where no real row breaks the order no rise is negative, and so none is made; where
    some do, as many generated rows do. Rows without any cell below give the column itself as a
    second latent.

    Args:
        target: The column that is not learnt itself.
        inputs: The columns below it.
        alone: Whether the column itself is a latent too.
        lowest: Smallest observed value.
        highest: Largest observed value.
        keeps: Whether no real row breaks the order.
        complete: Whether no cell of the column was missing, so that none may be in a generated row.

    Example:
        >>> values = {"onset": np.array([1., 2.]), "end": np.array([4., 2.])}
        >>> rise = Rise.of("end", ("onset",), values)
        >>> latents = rise.encode(values); latents
        {'rise of end': array([3., 0.])}
        >>> rise.decode(latents, {"onset": np.array([1.5, 2.5])})
        array([4. , 2.5])
    """

    target: str
    inputs: tuple[str, ...]
    alone: bool
    lowest: float
    highest: float
    keeps: bool
    complete: bool

    @classmethod
    def of(cls, target: str, inputs: tuple[str, ...], values: Mapping[str, FloatArray]) -> Rise:
        """From rows: the columns by name, each of shape (n,)."""
        cells = values[target]
        rises = cells - _highest(inputs, values)
        present = cells[~np.isnan(cells)]
        return cls(
            target=target,
            inputs=inputs,
            alone=bool((~np.isnan(cells) & np.isnan(rises)).any()),
            lowest=float(present.min()) if present.size else np.nan,
            highest=float(present.max()) if present.size else np.nan,
            keeps=not (rises < 0).any(),
            complete=not np.isnan(cells).any(),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that is not learnt itself."""
        return (self.target,)

    @property
    def latents(self) -> tuple[str, ...]:
        """Names of what is learnt instead, in the order in which it is decoded."""
        names = (f"rise of {self.target}", f"{self.target} alone")
        return names if self.alone else names[:1]

    def encode(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """The latents, each of shape (n,); NaN where there is none."""
        cells = np.asarray(values[self.target], dtype=np.float64)
        found = {self.latents[0]: cells - _highest(self.inputs, values)}
        if self.alone:
            found[self.latents[1]] = cells
        return found

    def decode(
        self, latents: Mapping[str, FloatArray], values: Mapping[str, FloatArray]
    ) -> FloatArray | None:
        """The column, shape (n,); None while one of its inputs or latents is not there."""
        if any(name not in latents for name in self.latents):
            return None
        if any(name not in values for name in self.inputs):
            return None
        below, rise = _highest(self.inputs, values), latents[self.latents[0]]
        floor = np.fmax(below, self.lowest) if self.keeps else np.full(len(below), self.lowest)
        rise = np.maximum(rise, 0.0) if self.keeps else rise
        cells = np.fmin(below + rise, np.fmax(floor, self.highest))
        cells = np.where(np.isnan(rise) | np.isnan(below), np.nan, np.fmax(cells, floor))
        if self.alone:
            use = np.isnan(cells) if self.complete else np.isnan(below)
            cells = np.where(use, np.fmax(latents[self.latents[1]], below), cells)
        if self.complete:
            # Inputs may be missing together as they never were: the middle, for the rare row.
            middle = self.lowest + 0.5 * (self.highest - self.lowest)
            cells = np.where(np.isnan(cells), np.fmax(middle, below), cells)
        return np.asarray(cells, dtype=np.float64)

    def guide(self, values: Mapping[str, FloatArray]) -> FloatArray | None:
        """The largest column below, shape (n,), a predictor of the rise; None without all."""
        return None if any(name not in values for name in self.inputs) else self.below(values)

    def below(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """The largest column below, shape (n,); NaN where all are missing."""
        return _highest(self.inputs, values)

    def limits(
        self, values: Mapping[str, FloatArray], low: float, high: float
    ) -> tuple[FloatArray, FloatArray]:
        """Limits of the rise, shape (n,) each, with which the column lies in [low, high]."""
        below = self.below(values)
        return low - below, high - below

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "target": self.target,
            "inputs": list(self.inputs),
            "alone": self.alone,
            "lowest": self.lowest,
            "highest": self.highest,
            "keeps": self.keeps,
            "complete": self.complete,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Rise:
        """From plain data."""
        return cls(**{**state, "inputs": tuple(state["inputs"])})


def _highest(names: tuple[str, ...], values: Mapping[str, FloatArray]) -> FloatArray:
    """The largest cell of each row, shape (n,); NaN where all are missing."""
    highest = np.asarray(values[names[0]], dtype=np.float64)
    for name in names[1:]:
        highest = np.fmax(highest, values[name])
    return highest
