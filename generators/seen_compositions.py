"""Whole compositions that were run again and again, drawn as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halflife.schemas.table import FloatArray


@dataclass(frozen=True)
class SeenCompositions:
    """A sum law by construction where compositions repeat: the seen ones, by their number.

    In a designed campaign with replicates a new composition would be wrong, however well it
    closes. All distinct compositions are numbered in lexicographic order, so that near numbers
    mean near compositions in the first parts, and the number is what a generator learns.

    Args:
        columns: The parts, in the order of the law.
        seen: Distinct compositions in lexicographic order, shape (m, parts).

    Example:
        >>> values = {"a": np.array([.5, .2, .5, .2]), "b": np.array([.5, .8, .5, .8])}
        >>> compositions = SeenCompositions.of(values)
        >>> compositions.encode(values)
        {'composition of a + b': array([1., 0., 1., 0.])}
    """

    columns: tuple[str, ...]
    seen: FloatArray

    @classmethod
    def of(cls, values: Mapping[str, FloatArray]) -> SeenCompositions:
        """Number the compositions of complete rows: parts by name, each of shape (n,)."""
        return cls(tuple(values), np.unique(np.column_stack(list(values.values())), axis=0))

    @property
    def latents(self) -> tuple[str, ...]:
        """Name of the number that is learnt instead."""
        return ("composition of " + " + ".join(self.columns),)

    def encode(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Numbers of the compositions, shape (n,): whole, from 0.

        Raises:
            ValueError: For a composition that was not seen.
        """
        parts = np.column_stack([values[name] for name in self.columns])
        both, numbers = np.unique(np.concatenate([self.seen, parts]), axis=0, return_inverse=True)
        if len(both) != len(self.seen):
            raise ValueError(f"{len(both) - len(self.seen)} compositions were not seen before")
        return {self.latents[0]: numbers[len(self.seen) :].astype(np.float64)}

    def decode(self, latents: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """The parts, each of shape (n,); none while the number is not there."""
        number = latents.get(self.latents[0])
        if number is None:
            return {}
        rows = self.seen[np.clip(np.rint(number), 0, len(self.seen) - 1).astype(np.intp)]
        return {name: rows[:, j] for j, name in enumerate(self.columns)}

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {"columns": list(self.columns), "seen": self.seen.tolist()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> SeenCompositions:
        """From plain data."""
        seen = np.asarray(state["seen"], dtype=np.float64)
        return cls(tuple(state["columns"]), seen)
