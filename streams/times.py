"""Event times out of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from halflife.schemas.near import did_you_mean
from halflife.schemas.table import FloatArray

from .tables import TableFileError

if TYPE_CHECKING:
    import pandas as pd


def times_from(frame: pd.DataFrame, column: str, source: str) -> FloatArray:
    """Event times in seconds, shape (n,): numbers are seconds, texts are dates, in UTC if bare.

    Args:
        frame: As `read_table` gives it.
        column: That holds them.
        source: What to call the rows in errors: their file.

    Raises:
        TableFileError: For a column that is not there, and for the first cell that is no time.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"at": ["1970-01-01T00:01:00Z", "1970-01-01 01:02:30+01:00"]})
        >>> times_from(frame, "at", "runs.csv").tolist()
        [60.0, 150.0]
    """
    import pandas as pd

    if column not in frame.columns:
        there = [str(name) for name in frame.columns]
        near = did_you_mean(column, there)
        raise TableFileError(
            f"{source}: no column {column!r} for the times{near or '.'} "
            f"The file has: {', '.join(there)}"
        )
    cells = frame[column]
    if pd.api.types.is_numeric_dtype(cells):
        seconds = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        parsed = pd.to_datetime(cells, utc=True, errors="coerce", format="ISO8601")
        since = parsed - pd.Timestamp(0, tz="UTC")
        seconds = since.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~np.isfinite(seconds)
    if wrong.any():
        row = int(wrong.argmax())
        raise TableFileError(
            f"{source}, column {column!r}, row {row}: {cells.iloc[row]!r} is no time such as "
            "2026-11-22T10:00:00Z, and no number of seconds"
        )
    return seconds
