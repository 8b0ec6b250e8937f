"""Marks on the time axis, from Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery

from .query import source


@dataclass(frozen=True)
class Annotation(Builder[AnnotationQuery]):
    """A stretch of time is marked while a query has series.

    Args:
        name: Of the switch above the dashboard.
        expr: In PromQL.
        color: Of the marks.
        words: What is said of it, with labels in double braces.
    """

    name: str
    expr: str
    color: str
    words: str

    def build(self) -> AnnotationQuery:
        """As a dashboard takes it."""
        return _WithWords(self)


class _WithWords(AnnotationQuery):
    """The types of the SDK lack what the plugin for Prometheus reads: words, and how often."""

    def __init__(self, annotation: Annotation) -> None:
        super().__init__(
            name=annotation.name,
            datasource=source(),
            expr=annotation.expr,
            icon_color=annotation.color,
        )
        self._words = annotation.words

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {"titleFormat": self._words, "step": "15s"}
