"""What the cells of a record must be: known columns, right types, physically possible."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.errors import MessageError
from halflife.schemas.message import shortly
from halflife.schemas.table import Block, Column, Kind, Table


def in_range(block: Block) -> NDArray[np.bool_]:
    """Which rows have cells that are finite, integer where due and physically possible, (n,)."""
    good = ~np.isinf(block.numbers).any(axis=1)
    for column in block.table.columns:
        if not column.is_number:
            continue
        if column.kind is Kind.INTEGER:
            cells = block.number(column.name)
            good &= np.isnan(cells) | (cells == np.floor(cells))
        if column.minimum is not None:
            good &= ~(block.number(column.name) < column.minimum)
        if column.maximum is not None:
            good &= ~(block.number(column.name) > column.maximum)
    return np.asarray(good, dtype=np.bool_)


def check_cells(table: Table, cells: Mapping[str, Any]) -> None:
    """Nothing, if the cells of a record are right.

    Raises:
        MessageError: For the first cell that is not, with what is allowed.
    """
    for name in cells:
        if name not in table.names:
            raise MessageError(
                "unknown-column",
                f"values.{name}",
                f"{name!r} is no column of this stream; it has {', '.join(table.names)}",
            )
    for column in table.columns:
        cell = cells.get(column.name)
        if cell is not None:
            _check_cell(column, cell)


def _check_cell(column: Column, cell: Any) -> None:
    path = f"values.{column.name}"
    if not column.is_number:
        if not isinstance(cell, str):
            raise MessageError(
                "wrong-type", path, f"a text is due for a category, not {shortly(cell)}"
            )
        return
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise MessageError("wrong-type", path, f"a number is due, not {shortly(cell)}")
    try:
        number = float(cell)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        return
    unit = "" if column.unit == "1" else f" {column.unit}"
    if math.isinf(number):
        raise MessageError("not-finite", path, "an infinite number is no measurement")
    if column.kind is Kind.INTEGER and number != math.floor(number):
        raise MessageError("wrong-type", path, f"an integer is due, not {shortly(cell)}")
    if column.minimum is not None and number < column.minimum:
        raise MessageError(
            "out-of-range", path, f"{number:g}{unit} is below {column.minimum:g}{unit}"
        )
    if column.maximum is not None and number > column.maximum:
        raise MessageError(
            "out-of-range", path, f"{number:g}{unit} is above {column.maximum:g}{unit}"
        )
