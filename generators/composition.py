"""Parts that add up, taken one after the other from what the earlier ones leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from halflife.schemas.table import FloatArray

from .grid import Grid

_DUST: Final = 1e-9
_HALF: Final = 0.5 - 1e-6


@dataclass(frozen=True)
class Composition:
    """A sum law by construction: shares of what can still be given, which cannot but close.

    With the total ``T`` of a row, and observed limits ``l_j <= x_j <= u_j`` of each part, part
    ``j`` may lie between

        ``lo_j = max(l_j, R_j - sum_{k>j} u_k)``  and  ``hi_j = min(u_j, R_j - sum_{k>j} l_k)``

    where ``R_j = T - sum_{k<j} x_k``. The share ``(x_j - lo_j) / (hi_j - lo_j)`` in [0, 1] is what
    a generator learns, for all parts but the last, which is the rest. Any shares give a row that
    closes with every part within its limits: nothing is rejected, so nothing is biased. Where all
    parts lie on one grid (fractions in steps of .02), the arithmetic is done in whole steps.
    Where the real totals scatter, the total is learnt too: a law is kept as well as in the real
    rows, and no better.

    Args:
        columns: The parts, in the order of the law.
        lower: Smallest observed value of each part, in steps where there is a grid.
        upper: Largest observed value of each part, likewise.
        total: What all rows add up to, likewise; None where it differs from row to row.
        grid: That all parts lie on, with 0 on it; None where there is none.

    Example:
        >>> values = {"a": np.array([.2, .5, 0.]), "b": np.array([.8, .5, 1.])}
        >>> composition = Composition.of(values)
        >>> latents = composition.encode(values); latents
        {'share of a': array([0.4, 1. , 0. ])}
        >>> composition.decode(latents)["b"]
        array([0.8, 0.5, 1. ])

    Reference:
        J. Aitchison, "The Statistical Analysis of Compositional Data" (1986), on why parts are
        modelled as ratios; stick-breaking shares are used here because parts may be 0.
    """

    columns: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    total: float | None
    grid: Grid | None

    @classmethod
    def of(cls, values: Mapping[str, FloatArray]) -> Composition:
        """Learn limits, grid and total from complete rows.

        Args:
            values: The parts by name, each of shape (n,), finite, n at least 1.
        """
        parts = np.column_stack(list(values.values()))
        grid = Grid.of(parts, origin=0)
        units = parts if grid is None else np.rint(grid.to_lines(parts))
        totals = units.sum(axis=1)
        dust = _DUST * max(float(np.abs(units).max()), float(np.abs(totals).max()))
        same = float(np.ptp(totals)) <= dust
        return cls(
            columns=tuple(values),
            lower=tuple(units.min(axis=0).tolist()),
            upper=tuple(units.max(axis=0).tolist()),
            total=float(np.median(totals)) if same else None,
            grid=grid,
        )

    @property
    def latents(self) -> tuple[str, ...]:
        """Names of what is learnt instead, in the order in which it is decoded."""
        shares = tuple(f"share of {name}" for name in self.columns[:-1])
        return shares if self.total is not None else (self._total_name, *shares)

    @property
    def _total_name(self) -> str:
        return "total of " + " + ".join(self.columns)

    def encode(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """The latents of complete rows, each of shape (n,), shares in [0, 1].

        Where the earlier parts leave no choice (``hi_j = lo_j``) any share would do: those rows
        take, in turn, the shares of the rows that had one, so that the share's law is unchanged.
        """
        parts = np.column_stack([values[name] for name in self.columns])
        units = parts if self.grid is None else np.rint(self.grid.to_lines(parts))
        left = units.sum(axis=1) if self.total is None else np.full(len(units), self.total)
        found = {} if self.total is not None else {self._total_name: left}
        for j, name in enumerate(self.columns[:-1]):
            low, high = self._room(j, left)
            room = high - low
            free = room > _DUST * max(abs(self.upper[j]), abs(self.lower[j]))
            share = np.full(len(units), 0.5)
            share[free] = np.clip((units[free, j] - low[free]) / room[free], 0.0, 1.0)
            if free.any():
                share[~free] = np.resize(share[free], int((~free).sum()))
            found[f"share of {name}"] = share
            left = left - units[:, j]
        return found

    def decode(self, latents: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """The parts that can be told from the first of the latents, each of shape (n,)."""
        if self.latents[0] not in latents:
            return {}
        rows = len(latents[self.latents[0]])
        left = np.full(rows, self.total, dtype=np.float64)
        if self.total is None:
            left = np.clip(latents[self._total_name], sum(self.lower), sum(self.upper))
            left = np.rint(left) if self.grid is not None else left
        units: list[FloatArray] = []
        for j, name in enumerate(self.columns[:-1]):
            share = latents.get(f"share of {name}")
            if share is None:
                break
            low, high = self._room(j, left)
            part = low + np.clip(share, 0.0, 1.0) * (high - low)
            part = np.rint(part) if self.grid is not None else part
            units.append(part)
            left = left - part
        else:
            units.append(np.clip(left, self.lower[-1], self.upper[-1]))
        parts = units if self.grid is None else [self.grid.from_lines(part) for part in units]
        return dict(zip(self.columns, parts, strict=False))

    def limits(
        self,
        name: str,
        latents: Mapping[str, FloatArray],
        wanted: Mapping[str, tuple[float, float]],
        rows: int,
    ) -> tuple[FloatArray, FloatArray]:
        """Limits of a latent, shape (rows,) each, with which all parts can be as they should.

        Args:
            name: Of the latent.
            latents: Those before it, each of shape (rows,).
            wanted: Smallest and largest value by part; other parts are free.
            rows: How many.
        """
        low, high = self._wanted(wanted)
        if name == self._total_name:
            return np.full(rows, low.sum()), np.full(rows, high.sum())
        left = np.full(rows, self.total, dtype=np.float64)
        if self.total is None:
            left = np.asarray(latents[self._total_name], dtype=np.float64)
        j = self.columns.index(name.removeprefix("share of "))
        for k, part in enumerate(self.decode(latents).values()):
            if k < j:
                left = left - (part if self.grid is None else np.rint(self.grid.to_lines(part)))
        least, most = self._room(j, left)
        # What the later parts should be limits this one as well.
        first = np.maximum(low[j], left - high[j + 1 :].sum())
        last = np.minimum(high[j], left - low[j + 1 :].sum())
        room = most - least
        free = room > _DUST * max(abs(self.upper[j]), abs(self.lower[j]))
        span = np.where(free, room, 1.0)
        fits = (first <= least + _DUST * span) & (last >= least - _DUST * span)
        return (
            np.where(free, (first - least) / span, np.where(fits, 0.0, 1.0)),
            np.where(free, (last - least) / span, np.where(fits, 1.0, 0.0)),
        )

    def _wanted(self, wanted: Mapping[str, tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
        """Limits of the parts, shape (parts,) each, in steps of the grid where there is one."""
        ends = np.array([wanted.get(name, (-np.inf, np.inf)) for name in self.columns])
        if self.grid is not None:
            lines = self.grid.to_lines(ends)
            # Half a step on either side rounds to the line itself.
            first, last = np.ceil(lines[:, 0] - _DUST), np.floor(lines[:, 1] + _DUST)
            ends = np.column_stack([first - _HALF, last + _HALF])
        return np.maximum(ends[:, 0], self.lower), np.minimum(ends[:, 1], self.upper)

    def _room(self, j: int, left: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Limits of part ``j`` where ``left`` is still to be given."""
        low = np.maximum(self.lower[j], left - sum(self.upper[j + 1 :]))
        high = np.minimum(self.upper[j], left - sum(self.lower[j + 1 :]))
        return low, np.maximum(low, high)

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "columns": list(self.columns),
            "lower": list(self.lower),
            "upper": list(self.upper),
            "total": self.total,
            "grid": None if self.grid is None else self.grid.state(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Composition:
        """From plain data."""
        grid = state["grid"]
        return cls(
            columns=tuple(state["columns"]),
            lower=tuple(state["lower"]),
            upper=tuple(state["upper"]),
            total=state["total"],
            grid=None if grid is None else Grid.restore(grid),
        )
