"""When the records of a file were taken, where a column of it says so."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

_MARKS: Final = 200
_BACK: Final = 0.01


def time_column(frame: pd.DataFrame, declared: Collection[str]) -> dict[str, Any] | None:
    """The first column of times, written as ISO 8601 writes them and going on.

    A step back in a hundred is let pass: clocks are set, summer times end.

    Columns that the lab file does not declare are looked at first.

    Args:
        frame: As :func:`halflife.streams.tables.read_table` gives it.
        declared: Columns of the stream.

    Returns:
        Its name as ``column``, and the ``times`` of some ``records``, as the file writes them; None
        where there is none.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"at": ["2025-01-01", "2025-01-02"], "x": ["a", "b"]})
        >>> time_column(frame, ["x"])
        {'column': 'at', 'records': [0, 1], 'times': ['2025-01-01', '2025-01-02']}
    """
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    for name in sorted(frame.columns, key=lambda each: each in declared):
        cells = frame[name]
        if is_numeric_dtype(cells) or not _are_times(cells):
            continue
        places = np.unique(np.linspace(0, len(cells) - 1, min(_MARKS, len(cells))).astype(int))
        return {
            "column": str(name),
            "records": places.tolist(),
            "times": [str(cell) for cell in cells.iloc[places]],
        }
    return None


def spoken(time: str) -> str:
    """A time of a file without seconds that say nothing.

    Example:
        >>> spoken("2025-03-01 08:30:00"), spoken("2025-03-01T08:30:12Z"), spoken("2025-03-01")
        ('2025-03-01 08:30', '2025-03-01 08:30:12Z', '2025-03-01')
    """
    time = time.replace("T", " ", 1)
    return time.removesuffix(":00") if time.count(":") == 2 and "+" not in time else time


def _are_times(cells: pd.Series) -> bool:
    import pandas as pd

    if cells.isna().any():
        return False
    try:
        times = pd.to_datetime(cells, format="ISO8601", utc=True)
    except (ValueError, TypeError):  # pandas says so of texts that are no times
        return False
    back = (times.diff() < pd.Timedelta(0)).mean()
    return bool(back <= _BACK) and bool(times.iloc[0] < times.iloc[-1])
