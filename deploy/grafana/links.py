"""Where panels lead: the runbook and the live page."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

STREAM_BOARD: Final = "/d/halflife-stream/halflife-stream?var-stream=${__data.fields.stream}"
PAGE_OF_STREAM: Final = "${live_page}/#/stream/${__data.fields.stream}"


def runbook(alert: str) -> DashboardLink:
    """To the section of an alert in ``deploy/RUNBOOK.md``."""
    return _link(f"Runbook: {alert}", f"${{runbook}}#{alert.lower()}")


def live_page(*, of_stream: bool = False) -> DashboardLink:
    """To the page of the monitor worker, or to what it shows of the stream that is chosen."""
    return _link("Live page", "${live_page}/#/stream/${stream}" if of_stream else "${live_page}/")


def boards() -> DashboardLink:
    """To the other dashboards, within the same time."""
    return (
        DashboardLink("Halflife")
        .type(DashboardLinkType.DASHBOARDS)
        .tags(["halflife"])
        .include_vars(True)
        .keep_time(True)
    )


def _link(title: str, url: str) -> DashboardLink:
    return DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)
