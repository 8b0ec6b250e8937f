"""What is known of one column once its trees are grown."""

from __future__ import annotations

from dataclasses import dataclass

from halflife.schemas.table import Column

from .leaf_mixture import LeafMixture
from .leaf_tree import LeafTree
from .trend import Trend


@dataclass(frozen=True)
class ColumnStep:
    """One latent column: where it is missing, and its values.

    Args:
        column: Of the latent table.
        levels: Of a category, most frequent first; the values are their codes.
        gaps: Whether the cell is missing; None where none is.
        values: The cells, or with a trend what is left beside it; None where all are missing.
        trend: The smooth part of a measured number, if it has one.
    """

    column: Column
    levels: tuple[str | None, ...]
    gaps: LeafTree | None
    values: LeafMixture | None
    trend: Trend | None
