"""What the three dashboards share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from .annotation import Annotation
from .links import boards, live_page
from .panels import Made, Rows, panel_of
from .query import SOURCE, source

RUNBOOK: Final = "https://git.example.org/lab/halflife/blob/main/deploy/RUNBOOK.md"
LIVE_PAGE: Final = "http://localhost:8600"


@dataclass(frozen=True)
class Row:
    """Panels beside and below one another, with a title above."""

    title: str
    panels: Sequence[Made | Rows]


@dataclass(frozen=True)
class Board:
    """A dashboard.

    Args:
        name: Its file, and the end of its identity.
        title: As people see it.
        text: What it is for.
        rows: Its panels.
        of_stream: Whether a stream is chosen.
        back: How far back it looks at first, such as ``24h``.
        annotations: What is marked on the time axis.
    """

    name: str
    title: str
    text: str
    rows: Sequence[Row]
    of_stream: bool = False
    back: str = "24h"
    annotations: Sequence[Annotation] = field(default=())

    def dashboard(self) -> model.Dashboard:
        """As Grafana loads it; panels are numbered in their order."""
        made = (
            build.Dashboard(self.title)
            .uid(f"halflife-{self.name}")
            .description(self.text)
            .tags(["halflife"])
            .readonly()
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .refresh("30s")
            .time(f"now-{self.back}", "now")
            .link(boards())
            .link(live_page(of_stream=self.of_stream))
        )
        for variable in _variables(of_stream=self.of_stream):
            made = made.with_variable(variable)
        for annotation in self.annotations:
            made = made.annotation(annotation)
        number = 0
        for row in self.rows:
            number += 1
            made = made.with_row(build.Row(row.title).id(number))
            for each in row.panels:
                number += 1
                panel = panel_of(each).build()
                panel.id_val = number
                made = made.with_panel(_Built(panel))
        return made.build()


class _Built(build.Panel):
    """A panel that is built already, for what asks for a builder."""

    def __init__(self, panel: model.Panel) -> None:
        self._internal = panel


def _variables(
    *, of_stream: bool
) -> list[build.DatasourceVariable | build.QueryVariable | build.TextBoxVariable]:
    found: list[build.DatasourceVariable | build.QueryVariable | build.TextBoxVariable] = [
        build.DatasourceVariable("datasource").label("Prometheus").type(SOURCE)
    ]
    if of_stream:
        found.append(
            build.QueryVariable("stream")
            .label("Stream")
            .description("A stream of the lab file.")
            .datasource(source())
            .query("label_values(halflife_stream_info, stream)")
            .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
        )
    places = (("runbook", "Runbook", RUNBOOK), ("live_page", "Live page", LIVE_PAGE))
    for name, label, address in places:
        found.append(
            build.TextBoxVariable(name)
            .label(label)
            .description(f"Address of the {label.lower()}, for links.")
            .default_value(address)
        )
    return found
