"""What the page of a backtest shows beyond the findings, put into the result."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from halflife.schemas.table import Block

from .backtest_verdict import backtest_verdict
from .time_column import time_column
from .timeline import timeline

if TYPE_CHECKING:
    import pandas as pd


def complete_backtest(
    found: Mapping[str, Any], block: Block, frame: pd.DataFrame, *, title: str, seed: int
) -> dict[str, Any]:
    """What ``backtest`` found, with what its page needs: all plain data.

    Args:
        found: As the engine gives it.
        block: The records.
        frame: The same as the file has them, with columns that the stream does not declare.
        title: What people call the stream.
        seed: Of the model of the set-points.
    """
    times = time_column(frame, block.table.names)
    along = timeline(block, found, seed=seed)
    whole = {**found, "title": title, "time": times, "timeline": along}
    if times is not None:
        cells = frame[times["column"]].astype(str)
        whole["alarms"] = [
            {
                **alarm,
                "time": cells.iloc[min(alarm["record"], len(cells) - 1)],
                "change_time": cells.iloc[min(max(alarm["change_point"], 0), len(cells) - 1)],
            }
            for alarm in found["alarms"]
        ]
    whole["verdict"] = backtest_verdict(whole)
    return whole


def time_at(times: Mapping[str, Any] | None, record: float) -> str:
    """The time noted last at or before a record; nothing where there are no times.

    Example:
        >>> time_at({"records": [0, 10], "times": ["2025-01-01", "2025-01-02"]}, 12)
        '2025-01-02'
    """
    if times is None or not times["records"]:
        return ""
    return str(times["times"][max(0, bisect_right(times["records"], record) - 1)])
