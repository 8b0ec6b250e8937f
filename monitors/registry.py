"""Every monitor by name: a new one is a file and a line here."""

from __future__ import annotations

from typing import Final

from .category_drift import CategoryDrift
from .column_drift import ColumnDrift
from .detector import Detector
from .missing_drift import MissingDrift
from .planner_drift import PlannerDrift
from .set_point_drift import SetPointDrift

#: Drift detectors by their kind; alarms of ``joint`` and ``tail`` come from those of columns.
DETECTORS: Final[dict[str, type[Detector]]] = {
    "category": CategoryDrift,
    "column": ColumnDrift,
    "given-set-points": SetPointDrift,
    "missing": MissingDrift,
    "planner": PlannerDrift,
}
