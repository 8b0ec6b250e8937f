"""The real campaigns that the demo plays, out of the package ``olymp``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CHANGE: Final = 1040
"""0-based record of the solar-cell stream at which the donor polymer changes."""
RECORDS: Final = {"opv": 2080, "hplc": 1386}
LAMP_FROM: Final = 550
LAMP_RATE: Final = 0.002
"""The lamp of the chromatograph loses this share of its gain with each record from LAMP_FROM."""

_OPV: Final = ("mat_1", "mat_2", "mat_3", "mat_4", "degradation")
_HPLC: Final = (
    "sample_loop",
    "additional_volume",
    "tubing_volume",
    "sample_flow",
    "push_speed",
    "wait_time",
    "peak_area",
)


class CampaignsMissingError(RuntimeError):
    """The package with the campaigns is not installed."""


def campaign(name: Literal["photo_pce10", "photo_wf3", "hplc"]) -> pd.DataFrame:
    """One campaign as it was published, in its order.

    Raises:
        CampaignsMissingError: If the package is not installed.
    """
    return _read(name, _HPLC if name == "hplc" else _OPV)


def solar_cells(seed: int) -> pd.DataFrame:
    """Two campaigns of one robot line, one after the other, shuffled within each by a seed.

    1,040 records with the donor polymer PCE10, then 1,040 of the same compositions with WF3
    (Langner et al., Advanced Materials 2020): real measurements, in an order of our making.
    """
    import pandas as pd

    first = _read("photo_pce10", _OPV).sample(frac=1, random_state=seed)
    second = _read("photo_wf3", _OPV).sample(frac=1, random_state=seed + 100)
    return pd.concat([first, second], ignore_index=True)


def chromatograph(seed: int) -> pd.DataFrame:
    """1,386 real runs, shuffled by a seed, with the simulated ageing of a lamp.

    From record ``LAMP_FROM`` on, ``peak_area`` of record i is multiplied by
    ``exp(-LAMP_RATE (i - LAMP_FROM))``.
    """
    runs = _read("hplc", _HPLC).sample(frac=1, random_state=seed).reset_index(drop=True)
    age = np.maximum(0, np.arange(len(runs)) - LAMP_FROM)
    runs["peak_area"] *= np.exp(-LAMP_RATE * age)
    return runs


def folder(name: str) -> Path:
    """Where the package keeps a campaign.

    Raises:
        CampaignsMissingError: If the package is not installed.
    """
    found = importlib.util.find_spec("olympus")  # importing it would import half of its planners
    if found is None or found.origin is None:
        raise CampaignsMissingError(
            "the campaigns come with a package that is not installed: "
            "pip install 'halflife[demo]', or run `make demo`"
        )
    return Path(found.origin).parent / "datasets" / f"dataset_{name}"


def _read(name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(folder(name) / "data.csv", header=None, names=list(columns))
