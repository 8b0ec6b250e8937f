"""One column of a stream: the real records of now beside the batch, and what it was born from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from halflife.schemas.table import Block, Table
from halflife.streams.commands.facts.marginals import marginals
from halflife.streams.watch.stream_watch import StreamWatch

_FEWEST: Final = 20
_MOST: Final = 4000


def column_view(watch: StreamWatch, name: str, birth: Block | None) -> dict[str, Any]:
    """How a column is distributed: in the latest real records, in the batch, at its birth.

    After a change the records before it are left out, if there are enough since.

    Args:
        watch: The stream.
        name: Of the column.
        birth: Records that the batch was made from, if they are known.

    Returns:
        ``real`` says which records these are; with a batch in circulation there are ``distance``
        with its ``p_value``, and the ``shape`` of both (see `marginals`), where ``birth`` stands
        beside ``real`` and ``synthetic``.

    Raises:
        KeyError: For a column that the stream does not have.
    """
    column = watch.table.column(name)
    told: dict[str, Any] = {
        "column": name,
        "unit": column.unit,
        "role": column.role.value,
        "kind": column.kind.value,
        "real": None,
    }
    count = min(watch.plan.window_rows, _MOST, watch.records)
    since = watch.records - watch.epoch_start
    if watch.phase == "changed" and since >= _FEWEST:
        count = min(count, since)
    rows = watch.memory.latest(count)
    circulation = watch.circulation
    if not len(rows) or circulation is None or circulation.block is None:
        return told
    told["real"] = {"first": watch.records - len(rows), "last": watch.records - 1}
    alone = Table((column,))
    real, synthetic = (_only(block, name, alone) for block in (rows.block, circulation.block))
    (found,) = marginals(real, synthetic)
    if birth is not None:
        found["shape"]["birth"] = _shares(_only(birth, name, alone), name, found["shape"])
    return told | found


def _only(block: Block, name: str, table: Table) -> Block:
    """One column of a block."""
    if name in table.numeric:
        numbers = block.number(name)[:, None]
        return Block(table, numbers, np.empty((len(block), 0), dtype=object))
    return Block(table, np.empty((len(block), 0)), block.text(name)[:, None])


def _shares(block: Block, name: str, shape: Mapping[str, Any]) -> list[float]:
    """Shares of further rows in the bins, values or levels of a shape."""
    if "levels" in shape:
        texts = ["(missing)" if text is None else str(text) for text in block.text(name)]
        named = shape["levels"]
        counts = [texts.count(level) for level in named]
        if shape["others"]:
            counts.append(len(texts) - sum(counts))
        return [count / max(1, len(texts)) for count in counts]
    numbers = block.number(name)
    numbers = numbers[np.isfinite(numbers)]
    if "values" in shape:
        counts = [(numbers == value).sum() for value in shape["values"]]
    else:
        counts = np.histogram(numbers, shape["edges"])[0].tolist()
    return [float(count) / max(1, len(numbers)) for count in counts]
