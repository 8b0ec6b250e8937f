"""Real tables, shuffled: nothing changes in them, and no formula made them.

A shuffle is split: its first rows are the reference, each of the others is met once. If the rows
are a sample of some population, then so are both parts, and they are independent: the promise is
to hold on average over shuffles, whatever the population. (Rows drawn again with replacement would
not do: a stream from the rows that are left differs from the reference by the errors of both.)
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from halflife.schemas.table import Block, Column, Role, Table

DATA: Final = Path(__file__).parents[2].parent / "shared" / "data"
GAS_BATCH: Final = 6
"""The largest batch of the gas sensors: 2,300 rows."""

_SOLAR: Final = tuple(f"mat_{i}" for i in range(1, 5))
_HPLC: Final = (
    "sample_loop",
    "additional_volume",
    "tubing_volume",
    "sample_flow",
    "push_speed",
    "wait_time",
)


class DataNotHereError(RuntimeError):
    """A data set that is not on this machine; the text says which."""


def shuttle() -> Block:
    """45,586 normal readings of nine sensors of a space shuttle, integers (Statlog; river)."""
    spec = importlib.util.find_spec("river")
    if spec is None or spec.origin is None:
        raise DataNotHereError("Shuttle comes with river")
    frame = pd.read_csv(Path(spec.origin).parent / "datasets" / "shuttle.csv.gz")
    names = tuple(f"f{j}" for j in range(1, 10))
    table = Table(tuple(Column(name=name) for name in names))
    return Block.from_frame(table, frame[frame.iloc[:, -1] == 0])


def solar_cells(polymer: str) -> Block:
    """1,040 solar cells of four materials and how fast they fade (Langner et al. 2020)."""
    return _campaign(f"photo_{polymer}", _SOLAR, "degradation")


def chromatograph() -> Block:
    """1,386 runs of a liquid chromatograph: six set-points and a peak (olymp)."""
    return _campaign("hplc", _HPLC, "peak_area")


def gas_sensors(columns: int) -> Block:
    """2,300 readings of 16 gas sensors in one batch (Vergara et al. 2012): the first columns."""
    path = DATA / "gas_sensor_drift" / "data.csv.gz"
    if not path.exists():
        raise DataNotHereError(f"gas_sensor_drift is not at {path.parent}")
    frame = pd.read_csv(path)
    frame = frame[frame["batch"] == GAS_BATCH]
    names = [name for name in frame if str(name).startswith("s")]
    # One feature of each sensor, then the next feature: 16 columns are the 16 sensors.
    ordered = sorted(names, key=lambda name: names.index(name) % 8)[:columns]
    return Block.from_frame(Table(tuple(Column(name=str(name)) for name in ordered)), frame)


def flowers(name: str) -> Block:
    """Fisher's iris, or wines: what was measured as set-points of the class, a number."""
    from sklearn import datasets

    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    *conditions, answer = (str(column) for column in frame.columns)
    columns = (*(Column(name=each, role=Role.SET_POINT) for each in conditions),)
    return Block.from_frame(Table((*columns, Column(name=answer))), frame)


REAL: Final[dict[str, Callable[[], Block]]] = {
    "Shuttle": shuttle,
    "OPV PCE10": lambda: solar_cells("pce10"),
    "OPV WF3": lambda: solar_cells("wf3"),
    "HPLC": chromatograph,
    "gas sensors, 16": lambda: gas_sensors(16),
    "gas sensors, 64": lambda: gas_sensors(64),
    "iris": lambda: flowers("iris"),
    "wine": lambda: flowers("wine"),
}


@cache
def real(name: str) -> Block:
    """A table of `REAL`, read once.

    Raises:
        DataNotHereError: With what is missing.
    """
    return REAL[name]()


def shuffled(name: str, seed: int) -> Block:
    """Its rows in another order: that of `DataFrame.sample` with the seed as its random state."""
    block = real(name)
    return block[pd.Series(np.arange(len(block))).sample(frac=1, random_state=seed).to_numpy()]


def _campaign(name: str, set_points: tuple[str, ...], measured: str) -> Block:
    spec = importlib.util.find_spec("olympus")
    if spec is None or spec.origin is None:
        raise DataNotHereError("the campaigns come with olymp: pip install 'halflife[demo]'")
    path = Path(spec.origin).parent / "datasets" / f"dataset_{name}" / "data.csv"
    frame = pd.read_csv(path, header=None, names=[*set_points, measured])
    columns = (*(Column(name=each, role=Role.SET_POINT) for each in set_points),)
    return Block.from_frame(Table((*columns, Column(name=measured))), frame)
