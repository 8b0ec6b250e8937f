"""The campaigns of self-driving laboratories that come with the package ``olymp``."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from halflife.schemas.guess import guess_lab
from halflife.schemas.lab import Lab
from halflife.schemas.table import Block

from .lab_tables import TableMissingError

CAMPAIGNS: Final = (
    "alkox",
    "benzylation",
    "colors_bob",
    "colors_n9",
    "fullerenes",
    "hplc",
    "photo_pce10",
    "photo_wf3",
    "snar",
    "suzuki",
)


def campaign_block(name: str) -> Block:
    """All runs of a campaign, with the roles that `halflife init` guesses.

    Raises:
        TableMissingError: If the package is not there.
    """
    found = importlib.util.find_spec("olympus")  # importing it would import half of its planners
    if found is None or found.origin is None:
        raise TableMissingError("the package with the campaigns is absent: pip install '.[demo]'")
    folder = Path(found.origin).parent / "datasets" / f"dataset_{name}"
    told: Mapping[str, list[Mapping[str, str]]] = json.loads((folder / "config.json").read_text())
    names = [column["name"] for part in ("parameters", "measurements") for column in told[part]]
    frame = pd.read_csv(folder / "data.csv", header=None, names=names)
    lab = Lab.parse(guess_lab(frame, stream="campaign", source=name))
    return Block.from_frame(lab.streams["campaign"].table, frame)
