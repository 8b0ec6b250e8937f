from __future__ import annotations

import io

import numpy as np
from rich.console import Console

from halflife.monitors.arrays import pack
from tests.bench import drift_speed


def test_bytes_of_a_state_are_those_of_its_arrays() -> None:
    assert drift_speed.plain_bytes({"a": [1.0, 2.0], "b": "xyz", "c": pack(np.zeros(3))}) == 43


def test_it_tells_every_figure() -> None:
    said = io.StringIO()
    found = drift_speed.run(Console(file=said, width=140), scale=0.0)
    assert set(found["wanted"]) <= set(found["rows"]["measured columns"])
    assert all(value > 0 for row in found["rows"].values() for value in row.values())
    assert "records/s" in said.getvalue()
