"""Whether the batch gives away a cell of a training row whose other cells are known."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from halflife.monitors.errors import NothingMeasurable
from halflife.monitors.gower_rows import GowerRows
from halflife.schemas.table import Block, Column, Table

from .comparison import Comparison
from .measure import Measure, Need
from .measure_result import MeasureResult
from .neighbours import Neighbours
from .shares import more_often

_MOST_SECRETS: Final = 4
_MOST_ROWS: Final = 500
_CLOSE: Final = 0.05


class AttributeInference(Measure):
    r"""Risk that the batch gives away a cell of a training row, the worst of the secrets.

    The attacker knows all cells of a row but one, looks for the synthetic row that is nearest in
    them (Gower's distance) and guesses its cell. A guess is right where the category is equal, or
    the number within 5 % of the real range. What is right of other real rows too is no secret of
    the training rows but what any model should know: the risk is
    :math:`(r - r_0) / (1 - r_0)` with r and :math:`r_0` the shares that are guessed right of
    training and of held-out rows, at least 0. The secrets are the first four measured columns, or
    where there are none the first four of all. The p-value is Fisher's for the worst secret, times
    the number of secrets.

    Reference: Giomi, Boenisch, Wehmeyer, Tasnadi, Proc. Priv. Enhancing Technol. (2023) 312,
    arXiv:2211.10459.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"), Column(name="y")))
        >>> random = np.random.default_rng(0).random((200, 2))
        >>> rows = Block(table, random, np.empty((200, 0), dtype=object))
        >>> copied = Comparison.of(rows[100:], rows[:100], rows[:100], seed=0)
        >>> print(AttributeInference().measure(copied).value)
        1.0
    """

    name: ClassVar[str] = "attribute_inference"
    title: ClassVar[str] = "Attribute inference"
    group: ClassVar[str] = "privacy"
    needs: ClassVar[tuple[Need, ...]] = ("train", "two columns")

    def _find(self, comparison: Comparison) -> MeasureResult:
        near, table = comparison.neighbours, comparison.table
        secrets = (table.measured or table.names)[:_MOST_SECRETS]
        columns: dict[str, Any] = {}
        for name in secrets:
            found = _attack(near, name)
            if found is not None:
                columns[name] = found
        if not columns:
            raise NothingMeasurable("no secret has a cell in all three kinds of rows")
        worst = max(columns, key=lambda name: columns[name]["value"])
        told = columns[worst]
        return self._result(
            told["value"],
            yardstick=0.0,
            p_value=min(1.0, told["p_value"] * len(columns)),
            sentence=(
                f"Who knows the rest of a row guesses {worst} right for {told['train']:.0%} of the "
                f"training rows and for {told['real']:.0%} of other real rows."
            ),
            details={"columns": columns, "close": _CLOSE, "rows": near.sizes},
        )


def _attack(near: Neighbours, secret: str) -> dict[str, float] | None:
    """Shares guessed right; None where nothing can be guessed."""
    column = near.train.table.column(secret)
    synthetic = near.synthetic[_there(near.synthetic, column)]
    sides = [
        side[_there(side, column)][:_MOST_ROWS] if len(side) else side
        for side in (near.train, near.held_out)
    ]
    if not min(len(synthetic), *map(len, sides)):
        return None
    right = [_right(side, synthetic, near, column) for side in sides]
    hits = [int(side.sum()) for side in right]
    rates = [float(side.mean()) for side in right]
    gain = (rates[0] - rates[1]) / (1.0 - rates[1]) if rates[1] < 1.0 else 0.0
    return {
        "value": max(0.0, gain),
        "p_value": more_often(hits[0], len(right[0]), hits[1], len(right[1])),
        "train": rates[0],
        "real": rates[1],
    }


def _right(victims: Block, synthetic: Block, near: Neighbours, column: Column) -> NDArray[np.bool_]:
    """Whether the nearest synthetic row has the secret of each victim."""
    blocks = (near.train, near.held_out, victims, synthetic)
    known = [_without(block, column.name) for block in blocks]
    _, _, asked, answers = GowerRows.of(known)
    found = synthetic[asked.distances(answers).argmin(axis=1)]
    if not column.is_number:
        return np.asarray(found.text(column.name) == victims.text(column.name), dtype=np.bool_)
    real = np.concatenate([near.train.number(column.name), near.held_out.number(column.name)])
    span = float(np.nanmax(real) - np.nanmin(real))
    miss = np.abs(found.number(column.name) - victims.number(column.name))
    return np.asarray(miss <= _CLOSE * span)


def _there(block: Block, column: Column) -> NDArray[np.bool_]:
    if column.is_number:
        return ~np.isnan(block.number(column.name))
    return np.array([cell is not None for cell in block.text(column.name)], dtype=np.bool_)


def _without(block: Block, name: str) -> Block:
    """The same rows without a column, and without laws, which may speak of it."""
    table = Table(tuple(column for column in block.table.columns if column.name != name))
    texts = [block.text(other)[:, None] for other in table.categories]
    cells = np.hstack(texts) if texts else np.empty((len(block), 0), dtype=object)
    return Block(table, block.matrix(table.numeric), cells)
