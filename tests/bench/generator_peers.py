"""Peers among generators, each in an environment of its own under build/peers."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from halflife.schemas.table import Block
from tests.bench.drift_foreign import SCRIPTS, ForeignTool, environment, run_foreign

_SCRIPT: Final = "generators.py"
_PANDAS: Final = "pandas<3"
PEERS: Final[dict[str, ForeignTool]] = {
    "arf": ForeignTool("arf", _SCRIPT, ("arfpy==0.1.1", "numpy<2.4", _PANDAS), 1),
    "forest-diffusion": ForeignTool(
        "forest-diffusion", _SCRIPT, ("ForestDiffusion==1.0.6", "numpy<2.4", _PANDAS), 1
    ),
    "sdv-copula": ForeignTool("sdv", _SCRIPT, ("sdv==2.0.0",), 1),
    "sdv-tvae": ForeignTool("sdv", _SCRIPT, ("sdv==2.0.0",), 1),
    "sdv-ctgan": ForeignTool("sdv", _SCRIPT, ("sdv==2.0.0",), 1),
    "tabular-argn": ForeignTool("tabular-argn", _SCRIPT, ("mostlyai-engine==2.7.3",), 1),
}
"""SDV's licence (Business Source) lets it be compared with, never depended on."""


def foreign_batch(name: str, train: Block, *, seed: int) -> tuple[Block, float]:
    """As many rows as there are, made by a peer with its defaults, and its CPU seconds.

    Missing numbers are filled with the median for who cannot have them, as its users would.

    Raises:
        ForeignToolMissingError: If it cannot be installed or does not run.
    """
    tool = PEERS[name]
    python = environment(tool)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "train.csv", Path(folder) / "made.csv"
        frame = train.to_frame()
        for column in train.table.numeric:
            frame[column] = frame[column].fillna(frame[column].median())
        frame.to_csv(source, index=False)
        categories = json.dumps(list(train.table.categories))
        arguments = [name, str(source), str(target), categories, str(seed)]
        run_foreign([str(python), str(SCRIPTS / tool.script), *arguments])
        made = pd.read_csv(target, dtype=dict.fromkeys(train.table.categories, str))
        seconds = float(Path(f"{target}.seconds").read_text())
    return Block.from_frame(train.table, made.replace([np.inf, -np.inf], np.nan)), seconds
