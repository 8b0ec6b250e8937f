"""A column that follows from others by a formula, as well as it does in the real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from halflife.schemas.table import EquationLaw, FloatArray

_MOSTLY: Final = 0.95


@dataclass(frozen=True)
class Formula:
    """An equation law by construction: what is learnt is the residual, not the target.

    With ``f`` the right side of the law, the residual is ``r = log(target / f)`` where the ratio
    is positive in practically all rows, else ``r = target - f``. The generated target is
    ``f exp(r)`` or ``f + r`` of the generated row's own inputs: the noise in the law is that of
    the real rows, so it is broken as often as there. Rows in which the residual cannot be told
    (an input is missing, ``f`` has no value) give the target itself as a second latent.

    Args:
        law: The equation.
        ratio: Whether the residual is the logarithm of a ratio.
        alone: Whether the target itself is a latent too.
        lowest: Smallest observed target: what is generated is not finite or has no input becomes
            ``lowest`` or ``highest``.
        highest: Largest observed target.
        complete: Whether no target was missing, so that none may be in a generated row.

    Example:
        >>> law = EquationLaw("d = m / v")
        >>> values = {"d": np.array([3.1, 4.]), "m": np.array([6., 8.]), "v": np.array([2., 2.])}
        >>> formula = Formula.of(law, values)
        >>> formula.encode(values)["residual of d"].round(3)
        array([0.033, 0.   ])
    """

    law: EquationLaw
    ratio: bool
    alone: bool
    lowest: float
    highest: float
    complete: bool

    @classmethod
    def of(cls, law: EquationLaw, values: Mapping[str, FloatArray]) -> Formula:
        """Choose the residual from rows: target and inputs by name, each of shape (n,)."""
        target, value = values[law.target], law.value(values)
        told = np.isfinite(target) & np.isfinite(value)
        positive = told & (target * np.sign(value) > 0)
        ratio = bool(told.any() and positive.sum() >= _MOSTLY * told.sum())
        usable = positive | ((target == 0) & (value == 0)) if ratio else told
        present = target[~np.isnan(target)]
        return cls(
            law=law,
            ratio=ratio,
            alone=bool((~np.isnan(target) & ~usable).any()),
            lowest=float(present.min()) if present.size else np.nan,
            highest=float(present.max()) if present.size else np.nan,
            complete=not np.isnan(target).any(),
        )

    @property
    def target(self) -> str:
        """The column that is not learnt itself."""
        return self.law.target

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns on the right side."""
        return self.law.inputs

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that is not learnt itself."""
        return (self.law.target,)

    @property
    def latents(self) -> tuple[str, ...]:
        """Names of what is learnt instead, in the order in which it is decoded."""
        names = (f"residual of {self.law.target}", f"{self.law.target} alone")
        return names if self.alone else names[:1]

    def encode(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """The latents, each of shape (n,); NaN where there is none."""
        target, value = values[self.law.target], self.law.value(values)
        with np.errstate(all="ignore"):
            residual = np.log(target / value) if self.ratio else target - value
        residual = np.where(np.isfinite(residual), residual, np.nan)
        nothing, known = (target == 0) & (value == 0), residual[~np.isnan(residual)]
        if self.ratio and known.size:
            # Any ratio would do: those rows take, in turn, the ratios of the rows that have one.
            residual[nothing] = np.resize(known, int(nothing.sum()))
        found = {self.latents[0]: residual}
        if self.alone:
            found[self.latents[1]] = np.asarray(target, dtype=np.float64)
        return found

    def decode(
        self, latents: Mapping[str, FloatArray], values: Mapping[str, FloatArray]
    ) -> FloatArray | None:
        """The target, shape (n,), of inputs and latents; None while one of them is not there."""
        if any(name not in latents for name in self.latents):
            return None
        if any(name not in values for name in self.law.inputs):
            return None
        value, residual = self.law.value(values), latents[self.latents[0]]
        with np.errstate(all="ignore"):
            target = value * np.exp(residual) if self.ratio else value + residual
        target = np.where(np.isposinf(target), self.highest, target)
        target = np.where(np.isneginf(target), self.lowest, target)
        if self.alone:
            target = np.where(np.isnan(target), latents[self.latents[1]], target)
        if self.complete:
            target = np.where(np.isnan(target), self._between(residual), target)
        return np.asarray(target, dtype=np.float64)

    def guide(self, values: Mapping[str, FloatArray]) -> FloatArray | None:
        """``f`` of the inputs, shape (n,), a predictor of the residual; None without all inputs."""
        if any(name not in values for name in self.law.inputs):
            return None
        value = self.law.value(values)
        return np.asarray(np.where(np.isfinite(value), value, np.nan), dtype=np.float64)

    def limits(
        self, values: Mapping[str, FloatArray], low: float, high: float
    ) -> tuple[FloatArray, FloatArray]:
        """Limits of the residual, shape (n,) each, with which the target lies in [low, high].

        Where ``f`` has no value there are none.
        """
        value = self.law.value(values)
        with np.errstate(all="ignore"):
            if not self.ratio:
                ends = np.stack([low - value, high - value])
            else:
                ends = np.sort(np.stack([low / value, high / value]), axis=0)
                ends = np.where(ends > 0, np.log(np.maximum(ends, 0.0)), -np.inf)
                none = (ends == -np.inf).all(axis=0)  # the target has the sign of f
                ends = np.where(none, [[np.inf], [-np.inf]], ends)
        told = np.isfinite(value)
        return np.where(told, ends[0], -np.inf), np.where(told, ends[1], np.inf)

    def _between(self, like: FloatArray) -> FloatArray:
        """The middle of the observed range, for the rare row where the formula has no value."""
        return np.full(len(like), self.lowest + 0.5 * (self.highest - self.lowest))

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "equation": self.law.equation,
            "tolerance": self.law.tolerance,
            "ratio": self.ratio,
            "alone": self.alone,
            "lowest": self.lowest,
            "highest": self.highest,
            "complete": self.complete,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Formula:
        """From plain data."""
        return cls(
            law=EquationLaw(state["equation"], state["tolerance"]),
            ratio=state["ratio"],
            alone=state["alone"],
            lowest=state["lowest"],
            highest=state["highest"],
            complete=state["complete"],
        )
