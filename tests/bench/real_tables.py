"""Real laboratory tables in which two halves can be compared; the folder is none of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from halflife.schemas.table import Block, Column, Kind, Role, Table

FOLDER: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data"

_GAS: Final = ("dR", "dR_norm")
_TABLES: Final[dict[str, tuple[str, tuple[str, ...], str | None]]] = {
    # name: folder, columns left out, target
    "agnp": ("agnp_flow", ("condition",), None),
    "oer": ("oer_plates_a", ("plate_id",), None),
    "buchwald": ("buchwald_hartwig", (), None),
    "gas": ("gas_sensor_drift", ("batch", "gas"), None),
    "perovskite": (
        "perovskite_oxides_stability",
        ("formula", "atom_a", "atom_b", "alpha", "beta", "gamma", "e_form_oxygen"),
        None,
    ),
    "electricity": ("electricity_elec2", ("date",), "class"),
    "steel": ("steel_plates_faults", ("TypeOfSteel_A300", "TypeOfSteel_A400"), None),
    "concrete": ("concrete_strength", (), None),
}
_SET_POINTS: Final[dict[str, int]] = {"agnp": 5, "oer": 8, "buchwald": 4, "gas": 2, "concrete": 8}
"""How many columns, the first ones, the planner chose; elsewhere there are none."""


def names() -> tuple[str, ...]:
    """The tables that are there."""
    return tuple(name for name, (folder, _, _) in _TABLES.items() if (FOLDER / folder).is_dir())


def read(name: str, *, gaps: float = 0.0) -> Block:
    """A table; of each measured column a share of the cells may be blanked, always the same."""
    folder, left_out, target = _TABLES[name]
    frame = pd.read_csv(next((FOLDER / folder).glob("data.csv*"))).drop(columns=list(left_out))
    if name == "gas":
        kept = [f"s{i:02d}_{what}" for i in (1, 3, 5, 7) for what in _GAS]
        frame = frame[["gas_name", "concentration_ppm", *kept]]
    planned = _SET_POINTS.get(name, 0)
    columns = tuple(
        Column(
            name=str(column),
            role=Role.SET_POINT if place < planned else Role.MEASURED,
            kind=Kind.NUMBER if pd.api.types.is_numeric_dtype(cells) else Kind.CATEGORY,
        )
        for place, (column, cells) in enumerate(frame.items())
    )
    blank = np.random.default_rng(0).random(frame.shape) < gaps
    blank[:, :planned] = False
    return Block.from_frame(Table(columns, target=target), frame.mask(blank))
