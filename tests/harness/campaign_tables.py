"""The campaigns of self-driving laboratories that come with the package ``olymp``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pandas as pd

from halflife.schemas.guess import guess_lab
from halflife.schemas.lab import Lab
from halflife.schemas.table import Block
from halflife.streams.demo import campaigns

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
    try:
        folder = campaigns.folder(name)
    except campaigns.CampaignsMissingError as error:
        raise TableMissingError(str(error)) from error
    told: Mapping[str, list[Mapping[str, str]]] = json.loads((folder / "config.json").read_text())
    names = [column["name"] for part in ("parameters", "measurements") for column in told[part]]
    frame = pd.read_csv(folder / "data.csv", header=None, names=names)
    lab = Lab.parse(guess_lab(frame, stream="campaign", source=name))
    return Block.from_frame(lab.streams["campaign"].table, frame)
