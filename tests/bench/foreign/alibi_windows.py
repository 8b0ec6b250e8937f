"""alibi-detect's tests of all columns (KS and chi-square), on tumbling windows of 500 records."""

from __future__ import annotations

from collections.abc import Mapping

from alibi_detect.cd import TabularDrift
from exchange import Alarms, Cells, Task, answer, windows

WINDOW = 500
LEVELS = 6


def watch(task: Task) -> Alarms:
    """At the default p < .05, shared among the columns by Bonferroni."""
    category = task.reference.shape[1] - 1
    detector = TabularDrift(
        task.reference, p_val=0.05, categories_per_feature={category: list(range(LEVELS))}
    )

    def fires(cells: Cells) -> Mapping[str, bool]:
        return {"alibi-detect, TabularDrift": bool(detector.predict(cells)["data"]["is_drift"])}

    return windows(task, WINDOW, fires)


if __name__ == "__main__":
    answer(watch)
