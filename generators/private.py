"""Differentially private rows: noisy marginals of one and two columns along a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, FloatArray, ObjectArray, Table

from .archive import Arrays
from .generator import CHUNK, Generator
from .privacy_budget import HISTOGRAM_SENSITIVITY, PrivacyBudget, on_simplex
from .private_coding import PrivateCoding
from .private_column import PrivateColumn, affordable
from .private_domain import PrivateDomain
from .progress import Progress
from .seen import Seen
from .zcdp import gaussian_scale

EPSILON: Final = 1.0
"""Where nobody says another one."""

_FOR_DOMAIN, _FOR_COLUMNS, _FOR_CHOICE = 0.1, 0.3, 0.25
_CLEAR: Final = 3.0
_OTHERS: Final = 3.0
_UNIFORMS: Final = 3
_ROUNDS: Final = 30
_TELL_EVERY: Final = 0.5
_TRACE: Final = 1e-9
_LEAST: Final = 1e-300


class Private(Generator):
    r"""Rows with a promise of differential privacy (MST: marginals along a spanning tree).

    Columns are cut into bins, and their counts taken with Gaussian noise. A tree of pairs is grown
    by the exponential mechanism, which favours pairs whose joint counts are far from those of
    independent columns, above all pairs with the declared target; the counts of its pairs are taken
    with noise. Rows are then drawn from :math:`p(x_1) \prod_j p(x_j | x_{\mathrm{parent}(j)})`.
    Whatever is made from noisy counts is as private as these. Laws are kept by construction
    (`PrivateCoding`).

    With the replacement of any one row of the training table by another, the chance of any result
    changes by a factor :math:`e^\epsilon` at most, but for :math:`\delta`:

    - What is protected is a row. Who has made many rows is protected less.
    - Public are the number of rows and all that the lab file declares. A bound that it does not
      declare is found privately, at a price: declare ``min`` and ``max``.
    - All randomness follows from the seed, so that a batch can be made again: **whoever knows or
      guesses the seed can take the noise away.** Choose one at random, and keep it, the manifest
      and the model's file as secret as the rows. The batch alone may go out.
    - Epsilons add up over batches of the same rows. The gate, the dashboard and the report look at
      real rows without noise: their figures are not covered.
    - Noise is made of floating-point numbers, which leak in theory (Mironov, CCS 2012).

    Args:
        table: What the columns are, and the laws to keep.
        epsilon: Of the promise, above 0: 1 is a strong one, 10 a weak one.
        delta: Of the promise, well below one over the number of rows.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        UnsuitableRows: For a sum that the declared bounds of its parts cannot reach.
        ValueError: For an epsilon or delta out of range.

    Attributes:
        spent: Rho of zCDP that the last `fit` has spent; 0 before.

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x", minimum=0, maximum=1),))
        >>> rows = Block(table, np.linspace(0, 1, 500)[:, None], np.empty((500, 0), dtype=object))
        >>> private = Private(table, epsilon=1.0)
        >>> private.fit(rows, seed=1)
        >>> bool(abs(private.sample(1000, seed=2).number("x").mean() - 0.5) < 0.1)
        True

    Reference: McKenna, Miklau, Sheldon, Journal of Privacy and Confidentiality 11 (2021) 3,
    arXiv:2108.04978; Zhang et al., ACM TODS 42 (2017) 25 (PrivBayes).
    """

    name: ClassVar[str] = "private"

    def __init__(self, table: Table, *, epsilon: float = EPSILON, delta: float = 1e-5) -> None:
        super().__init__(table)
        self.epsilon = float(epsilon)
        self.delta = float(delta)
        self.spent = 0.0
        self._coding = PrivateCoding(table)
        PrivacyBudget(self.epsilon, self.delta, np.random.default_rng(0))  # refuses what is wrong

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {"epsilon": self.epsilon, "delta": self.delta}

    def fit(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None = None,
        warm: Generator | None = None,
        clock: Callable[[], float] | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        """As any generator, but of the rows nothing is kept that was not paid for.

        Raises:
            TooFewRows: For fewer than 20 rows.
            UnsuitableRows: For other rows, or too few to find bounds that are not declared.
        """
        super().fit(
            block, seed=seed, progress=progress, warm=warm, clock=clock, checkpoints=checkpoints
        )
        plain = {column.name for column in self._coding.plain}
        self._seen = Seen(
            ranges={column.name: column.range for column in self._columns if column.name in plain},
            levels={c.name: tuple(sorted(c.levels)) for c in self._columns if not c.edges.size},
            grids={},
        )

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,  # noqa: ARG002  # what was learnt before would have to be paid again
        clock: Callable[[], float],
    ) -> None:
        """Spend the budget on bins, columns, the choice of pairs, and pairs."""
        random = np.random.default_rng(np.random.SeedSequence((seed, 11)))
        budget = PrivacyBudget(self.epsilon, self.delta, random)
        count = len(self._coding.latents) + len(self.table.categories)
        told = _Telling(progress, clock, 2 * count - 1)
        domain = PrivateDomain(self._coding, budget, _FOR_DOMAIN * budget.total)
        left = budget.total - domain.spends
        pairs = count - 1
        rho = left * (_FOR_COLUMNS if pairs else 1.0) / count
        latents = self._coding.encode(block)
        self._steps = domain.steps(block)
        noise = gaussian_scale(rho, HISTOGRAM_SENSITIVITY)
        columns = domain.columns(block, latents, self._steps, noise)
        rho_pair = left * (1.0 - _FOR_COLUMNS - _FOR_CHOICE) / max(pairs, 1)
        pair_noise = gaussian_scale(rho_pair, HISTOGRAM_SENSITIVITY)
        groups = affordable(len(block), pair_noise, dimensions=2)
        self._columns, codes = [], []
        for column in columns:
            cells = block.text(column.name) if column.edges.size == 0 else latents[column.name]
            found = column.codes(cells)
            noisy = budget.counts(np.bincount(found, minlength=column.bins).astype(float), rho)
            if noisy[0] < _CLEAR * noise:  # as good as no missing cell
                noisy[0] = 0.0
            self._columns.append(column.merged(on_simplex(noisy), groups))
            codes.append(self._columns[-1].groups[found])
            told.step()
        self._tree, self._tables = [], []
        scores = self._scores(codes)
        for parent, child in _spanning(scores, budget, left * _FOR_CHOICE):
            joint = _joint(self._columns, codes, parent, child)
            noisy = budget.counts(joint, rho_pair)
            self._tree.append((parent, child))
            self._tables.append(_fitted(noisy, self._columns[parent], self._columns[child]))
            told.step()
        self.spent = budget.spent

    def _scores(self, codes: Sequence[NDArray[np.int64]]) -> FloatArray:
        """How far pairs are from independence, shape (columns, columns); a row moves each by 2."""
        count, columns = len(codes), self._columns
        scores = np.zeros((count, count))
        target = self.table.target
        for i in range(count):
            for j in range(i):
                joint = _joint(columns, codes, i, j)
                apart = np.outer(columns[i].coarse_shares, columns[j].coarse_shares)
                found = np.abs(joint - apart * len(codes[0])).sum()
                own = target is None or target in (columns[i].name, columns[j].name)
                scores[i, j] = scores[j, i] = found if own else found / _OTHERS
        return scores

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream; each row takes three uniform numbers for each column."""
        width = _UNIFORMS * len(self._columns)
        uniform = np.concatenate([stream.random((CHUNK, width)) for stream in streams])
        groups: dict[int, NDArray[np.int64]] = {
            0: _drawn(self._columns[0].coarse_shares[None, :], uniform[:, 0])
        }
        for (parent, child), table in zip(self._tree, self._tables, strict=True):
            groups[child] = _drawn(table[groups[parent]], uniform[:, _UNIFORMS * child])
        latents: dict[str, FloatArray] = {}
        texts: dict[str, ObjectArray] = {}
        for j, column in enumerate(self._columns):
            chance = uniform[:, _UNIFORMS * j + 1 : _UNIFORMS * (j + 1)]
            cells = column.cells(column.within(groups[j], chance[:, 0]), chance[:, 1])
            if column.edges.size == 0:
                texts[column.name] = np.asarray(cells, dtype=object)
            else:
                latents[column.name] = np.asarray(cells, dtype=np.float64)
        values = self._coding.decode(latents, self._steps)
        return Block.from_columns(self.table, {**values, **texts}, rows=len(uniform))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Grids, columns and the tree; noisy shares and tables."""
        arrays: Arrays = {f"table.{k}": table for k, table in enumerate(self._tables)}
        columns = []
        for j, column in enumerate(self._columns):
            plain, own = column.state(f"column.{j}")
            columns.append(plain)
            arrays |= own
        tree = [list(pair) for pair in self._tree]
        return {
            "steps": self._steps, "columns": columns, "tree": tree, "spent": self.spent,
        }, arrays  # fmt: skip

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._steps = dict(state["steps"])
        self._columns = [
            PrivateColumn.restore(plain, arrays, f"column.{j}")
            for j, plain in enumerate(state["columns"])
        ]
        self._tree = [(int(parent), int(child)) for parent, child in state["tree"]]
        self._tables = [arrays[f"table.{k}"] for k in range(len(self._tree))]
        self.spent = float(state["spent"])


class _Telling:
    """Tells progress now and then, and at the end."""

    def __init__(
        self,
        progress: Callable[[Progress], None] | None,
        clock: Callable[[], float],
        steps: int,
    ) -> None:
        self._progress, self._clock, self._steps = progress, clock, steps
        self._done = 0
        self._began = self._told = clock()

    def step(self) -> None:
        self._done += 1
        now = self._clock()
        if self._progress is None:
            return
        if now - self._told >= _TELL_EVERY or self._done == self._steps:
            self._told = now
            left = (now - self._began) / self._done * (self._steps - self._done)
            self._progress(Progress("marginals", self._done, self._steps, seconds_left=left))


def _spanning(scores: FloatArray, budget: PrivacyBudget, rho: float) -> list[tuple[int, int]]:
    """The pairs of a tree from column 0 on, each parent before its children."""
    count = len(scores)
    tree: list[tuple[int, int]] = []
    inside = [0]
    while len(inside) < count:
        outside = [j for j in range(count) if j not in inside]
        pairs = [(i, j) for i in inside for j in outside]
        chosen = budget.choice(np.array([scores[pair] for pair in pairs]), rho / (count - 1))
        tree.append(pairs[chosen])
        inside.append(pairs[chosen][1])
    return tree


def _joint(
    columns: Sequence[PrivateColumn], codes: Sequence[NDArray[np.int64]], i: int, j: int
) -> FloatArray:
    """Counts of two columns, shape (groups of the first, groups of the second)."""
    wide, high = columns[i].coarse, columns[j].coarse
    flat = np.bincount(codes[i] * high + codes[j], minlength=wide * high)
    return flat.reshape(wide, high).astype(np.float64)


def _fitted(noisy: FloatArray, parent: PrivateColumn, child: PrivateColumn) -> FloatArray:
    """The shares of the child's groups given the parent's, shape (parent, child).

    Noisy counts are brought onto the simplex, then scaled in turn until both margins are those of
    the columns (iterative proportional fitting).
    """
    margin, other = parent.coarse_shares, child.coarse_shares
    # A trace of independence: where noise leaves nothing, the margins stay within reach.
    joint = on_simplex(noisy) + _TRACE * np.outer(margin, other)
    for _ in range(_ROUNDS):
        joint *= (other / np.maximum(joint.sum(axis=0), _LEAST))[None, :]
        joint *= (margin / np.maximum(joint.sum(axis=1), _LEAST))[:, None]
    total = joint.sum(axis=1, keepdims=True)
    shares = np.where(total > 0.0, joint / np.maximum(total, _LEAST), other / other.sum())
    return np.asarray(shares, dtype=np.float64)


def _drawn(shares: FloatArray, chance: FloatArray) -> NDArray[np.int64]:
    """A group for each row, shape (n,), from its shares, shape (n or 1, groups)."""
    edges = np.cumsum(shares, axis=1)
    edges /= edges[:, -1:]
    found = np.minimum((edges <= chance[:, None]).sum(axis=1), shares.shape[1] - 1)
    return np.asarray(found, dtype=np.int64)
