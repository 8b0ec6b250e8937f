"""Conditions for a whole batch, as the real ones are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, FloatArray, Law, Role, Table

from .archive import Arrays
from .encoding import Encoding
from .errors import TooFewRows, UnsuitableCondition
from .laws import LawCoding

_CHUNK: Final = 256
_FEWEST_ROWS: Final = 2


@dataclass(frozen=True)
class DrawnConditions:
    """A kernel density of set-points and context, from which each row of a batch gets its own.

    A real row is picked at random; its numbers, as normal scores ``z`` of their ranks, become

        ``z' = (z + h L e) / sqrt(1 + h**2)``,  ``e ~ N(0, I)``,  ``L L^T`` the covariance of ``z``

    with the normal-reference bandwidth ``h = (4 / ((d + 2) n))**(1 / (d + 4))`` for ``d`` numbers
    and ``n`` rows. The division keeps spread and correlations as they were. Categories and missing
    cells are those of the picked row; values that repeat (grids, levels) fall on values that
    were seen, others between two of them, so that no bound is crossed; laws among the columns are
    kept by construction (`LawCoding`).

    Args:
        coding: Of the columns that are drawn.
        encoding: Of their latents.
        matrix: The encoded real rows, shape (n, width).

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x", role=Role.SET_POINT), Column(name="y")))
        >>> block = Block(table, np.arange(100.).reshape(50, 2), np.empty((50, 0), dtype=object))
        >>> conditions = DrawnConditions.of(block).sample(300, seed=1)
        >>> conditions.table.names, len(conditions), bool((conditions.numbers <= 98).all())
        (('x',), 300, True)

    Reference:
        B. Silverman, "Density Estimation for Statistics and Data Analysis" (1986), sections 4.3.2
        (bandwidth) and 6.4.1 (smoothed bootstrap with the variance kept).
    """

    coding: LawCoding
    encoding: Encoding
    matrix: FloatArray

    @classmethod
    def of(cls, block: Block, columns: Sequence[str] | None = None) -> DrawnConditions:
        """Learn from real rows.

        Args:
            block: At least 2 rows.
            columns: What is drawn; all set-points and context columns if left out.

        Raises:
            UnsuitableCondition: For an unknown column, or none at all.
            TooFewRows: For fewer than 2 rows.
        """
        some = some_columns(block, columns)
        if len(some) < _FEWEST_ROWS:
            raise TooFewRows(len(some), _FEWEST_ROWS)
        coding = LawCoding.of(some)
        latents = coding.encode(some)
        encoding = Encoding.of(latents)
        # Ties are spread over their share once, by a fixed seed: the same rows, the same density.
        matrix = encoding.encode(latents, np.random.default_rng(len(some)))
        return cls(coding, encoding, matrix)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what is drawn."""
        return self.coding.table.names

    def sample(self, rows: int, *, seed: int) -> Block:
        """Conditions for a batch; more rows begin with the same ones.

        Args:
            rows: How many, at least 0.
            seed: Not negative.
        """
        chunks = -(-rows // _CHUNK)
        drawn = [
            self._draw(np.random.default_rng(np.random.SeedSequence((seed, c, 2))))
            for c in range(chunks)
        ]
        return Block.concatenate([Block.empty(self.coding.table), *drawn])[:rows]

    def _draw(self, random: np.random.Generator) -> Block:
        numbers = self._numbers()
        picked = self.matrix[random.integers(len(self.matrix), size=_CHUNK)].copy()
        if numbers.size:
            scores = self.matrix[:, numbers]
            middle = scores.mean(axis=0)
            rows, width = scores.shape
            bandwidth = (4 / ((width + 2) * rows)) ** (1 / (width + 4))
            covariance = np.atleast_2d(np.cov(scores, rowvar=False))
            noise = random.standard_normal((_CHUNK, width)) @ _root(covariance).T
            moved = picked[:, numbers] - middle + bandwidth * noise
            picked[:, numbers] = middle + moved / np.sqrt(1 + bandwidth**2)
        return self.coding.decode(self.encoding.decode(picked, random))

    def _numbers(self) -> Any:
        """Which columns of the matrix are scores of numbers: each may have a flag beside it."""
        gaps = np.asarray(self.encoding.gaps, dtype=np.intp)
        return np.arange(len(gaps)) + np.cumsum(gaps) - gaps

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Plain data, and arrays by name."""
        encoding, arrays = self.encoding.state()
        return {"coding": self.coding.state(), "encoding": encoding}, {
            **arrays,
            "matrix": self.matrix,
        }

    @classmethod
    def restore(cls, table: Table, state: Mapping[str, Any], arrays: Arrays) -> DrawnConditions:
        """From plain data and arrays; ``table`` holds the drawn columns alone."""
        coding = LawCoding.restore(table, state["coding"])
        encoding = Encoding.restore(coding.latent_table, state["encoding"], arrays)
        return cls(coding, encoding, arrays["matrix"])


def some_columns(block: Block, names: Sequence[str] | None = None) -> Block:
    """Some columns of rows, with the laws that speak of them alone.

    Args:
        block: The rows.
        names: Which; all set-points and context columns if left out.

    Raises:
        UnsuitableCondition: For an unknown column, or none at all.
    """
    table = block.table
    names = names or [c.name for c in table.columns if c.role in (Role.SET_POINT, Role.CONTEXT)]
    unknown = [name for name in names if name not in table.names]
    if unknown or not names:
        said = f"no column {unknown[0]!r}" if unknown else "no column is a set-point or context"
        raise UnsuitableCondition(f"{said}; there are {', '.join(table.names)}")
    columns = tuple(column for column in table.columns if column.name in names)
    laws: list[Law] = [law for law in table.laws if set(law.columns) <= set(names)]
    some = Table(columns, tuple(laws))
    texts = {name: block.text(name) for name in some.categories}
    return Block.from_columns(some, {**block.values(), **texts}, rows=len(block))


def _root(covariance: FloatArray) -> FloatArray:
    """``L`` with ``L L^T = covariance``, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)
