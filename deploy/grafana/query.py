"""Questions to Prometheus, and how their answers are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = "prometheus"
WORKER: Final = "instance, pod, container, endpoint, node"
"""Labels that tell one worker from another: streams move between workers."""


def source() -> DataSourceRef:
    """The data source that the person has chosen."""
    return DataSourceRef(type_val=SOURCE, uid="${datasource}")


@dataclass(frozen=True)
class Query:
    """One expression of a panel.

    Args:
        expr: In PromQL.
        legend: Name of its series, with labels in double braces; of its column in a table.
        instant: Whether only the end of the time range is asked for.
    """

    expr: str
    legend: str = ""
    instant: bool = False

    def target(self, ref: str, *, table: bool = False) -> prometheus.Dataquery:
        """As Grafana asks it.

        Args:
            ref: Its letter in the panel.
            table: Whether the answer is rows and not series.
        """
        made = prometheus.Dataquery().datasource(source()).ref_id(ref).expr(self.expr)
        if self.legend and not table:
            made = made.legend_format(self.legend)
        if table:
            return made.instant().format(PromQueryFormat.TABLE)
        return made.instant() if self.instant else made.range()


def best(metric: str, *labels: str, of: str = "") -> str:
    """The largest of what workers say of the same thing.

    Args:
        metric: Its name.
        *labels: Those that are kept.
        of: Which series, as label matchers.

    Example:
        >>> best("halflife_retained_ratio", "stream")
        'max by (stream) (halflife_retained_ratio)'
    """
    matchers = f"{{{of}}}" if of else ""
    return f"max by ({', '.join(labels)}) ({metric}{matchers})"
