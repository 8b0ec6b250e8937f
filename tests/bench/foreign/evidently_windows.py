"""Evidently's preset for data drift, on tumbling windows of 500 records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from exchange import Alarms, Cells, Task, answer, windows

WINDOW = 500


def watch(task: Task) -> Alarms:
    """Two rules: any column drifted, and the preset's own, half of the columns drifted."""
    reference = _dataset(task.reference)

    def fires(cells: Cells) -> Mapping[str, bool]:
        report = Report([DataDriftPreset()]).run(_dataset(cells), reference)
        count = report.dict()["metrics"][0]
        share = float(count["config"]["drift_share"])
        drifted = count["value"]
        return {
            "Evidently, any column": drifted["count"] >= 1,
            "Evidently, preset": drifted["share"] >= share,
        }

    return windows(task, WINDOW, fires)


def _dataset(cells: Cells) -> Any:
    names = [f"x{j}" for j in range(cells.shape[1] - 1)]
    frame = pd.DataFrame(cells[:, :-1], columns=names)
    frame["level"] = [f"level {code:.0f}" for code in cells[:, -1]]
    definition = DataDefinition(numerical_columns=names, categorical_columns=["level"])
    return Dataset.from_pandas(frame, data_definition=definition)


if __name__ == "__main__":
    answer(watch)
