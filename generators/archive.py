"""Files of fitted generators: arrays and a JSON header in one ``.npz``, never a pickle."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Column, EquationLaw, Kind, Law, OrderLaw, Role, SumLaw, Table

from .errors import WrongState

FORMAT: Final = 1
_HEADER: Final = "header"

Arrays = dict[str, NDArray[Any]]


def write(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write header and arrays to ``path``; whoever reads sees the old file or the whole new one."""
    text = json.dumps({"format": FORMAT, **header}, sort_keys=True)
    packed = {_HEADER: np.frombuffer(text.encode(), dtype=np.uint8), **arrays}
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **packed)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of a file.

    Raises:
        WrongState: For a file that is no saved generator, or of another format.
        FileNotFoundError: For no file.
    """
    try:
        with np.load(path, allow_pickle=False) as packed:
            arrays = {name: packed[name] for name in packed.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
        version = header["format"]
    except FileNotFoundError:
        raise
    except (KeyError, TypeError, ValueError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise WrongState(f"{path} is no saved generator: {error}") from error
    if version != FORMAT:
        raise WrongState(f"{path} has format {version!r}; this version reads {FORMAT}")
    return header, arrays


def table_to_json(table: Table) -> dict[str, Any]:
    """A table as plain data.

    Example:
        >>> table = Table((Column(name="x"), Column(name="y")), (SumLaw(("x", "y"), equals=1.),))
        >>> table_from_json(table_to_json(table)) == table
        True
    """
    return {
        "columns": [
            {
                "name": column.name,
                "role": column.role.value,
                "kind": column.kind.value,
                "unit": column.unit,
                "minimum": column.minimum,
                "maximum": column.maximum,
            }
            for column in table.columns
        ],
        "laws": [_law_to_json(law) for law in table.laws],
        "target": table.target,
    }


def table_from_json(state: Mapping[str, Any]) -> Table:
    """A table from plain data."""
    columns = tuple(
        Column(**{**one, "role": Role(one["role"]), "kind": Kind(one["kind"])})
        for one in state["columns"]
    )
    laws = tuple(_law_from_json(one) for one in state["laws"])
    return Table(columns, laws, state["target"])


def _law_to_json(law: Law) -> dict[str, Any]:
    if isinstance(law, SumLaw):
        return {"sum": list(law.columns), "equals": law.equals, "tolerance": law.tolerance}
    if isinstance(law, OrderLaw):
        return {"order": list(law.columns), "tolerance": law.tolerance}
    return {"equation": law.equation, "tolerance": law.tolerance}


def _law_from_json(state: Mapping[str, Any]) -> Law:
    if "sum" in state:
        return SumLaw(tuple(state["sum"]), state["equals"], state["tolerance"])
    if "order" in state:
        return OrderLaw(tuple(state["order"]), state["tolerance"])
    return EquationLaw(state["equation"], state["tolerance"])
