"""Measures of a synthetic batch beside real rows: distances, coverage, use, privacy and laws."""

from __future__ import annotations

from .all_measures import measure_all
from .comparison import Comparison
from .measure import GROUPS, Measure
from .measure_result import MeasureResult
from .registry import MEASURES

__all__ = ["GROUPS", "MEASURES", "Comparison", "Measure", "MeasureResult", "measure_all"]
