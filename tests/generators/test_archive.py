"""Files of generators."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from halflife.generators import WrongState
from halflife.generators.archive import read, table_from_json, table_to_json, write
from halflife.schemas.table import Column, EquationLaw, Kind, Role, SumLaw, Table


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write(path, {"kind": "x", "text": "Zoë"}, {"values": np.arange(3.0)})
    header, arrays = read(path)
    assert header == {"format": 1, "kind": "x", "text": "Zoë"}
    assert np.array_equal(arrays["values"], [0, 1, 2])


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, {"kind": "x"}, {"values": np.arange(3.0)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_format_is_refused_by_its_number(tmp_path: Path) -> None:
    header = np.frombuffer(json.dumps({"format": 99}).encode(), dtype=np.uint8)
    np.savez(tmp_path / "new.npz", header=header)
    with pytest.raises(WrongState, match="format 99; this version reads 1"):
        read(tmp_path / "new.npz")


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", header=np.array([{"format": 1}], dtype=object))
    with pytest.raises(WrongState, match="no saved generator"):
        read(tmp_path / "bad.npz")


def test_no_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.npz")


def test_tables_come_back() -> None:
    table = Table(
        (
            Column(name="a", role=Role.SET_POINT, unit="g", minimum=0.0),
            Column(name="b", kind=Kind.INTEGER, maximum=9),
            Column(name="c", role=Role.DERIVED),
            Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),
        ),
        (SumLaw(("a", "b"), equals=1.0, tolerance=0.1), EquationLaw("c = a * b", tolerance=0.2)),
        target="c",
    )
    again = table_from_json(json.loads(json.dumps(table_to_json(table))))
    assert again == table
    assert again.digest == table.digest
