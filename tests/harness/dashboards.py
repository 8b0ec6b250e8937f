"""What the committed dashboards ask Prometheus."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
FILES: Final = sorted(FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Asked:
    """One query of a panel, or of an annotation.

    Args:
        place: Dashboard and title of the panel.
        expr: As it stands there, with variables.
        instant: Whether only the end of the time range is asked for.
    """

    place: str
    expr: str
    instant: bool

    def filled(self, **values: str) -> str:
        """With variables replaced, the longest names first."""
        text = self.expr
        for name in sorted(values, key=len, reverse=True):
            text = text.replace(f"${name}", values[name])
        return text


def load(file: Path) -> dict[str, Any]:
    """A dashboard."""
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """All that show something."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def asked() -> list[Asked]:
    """Every query of every dashboard."""
    found = []
    for file in FILES:
        dashboard = load(file)
        for panel in panels(dashboard):
            for target in panel["targets"]:
                place = f"{file.stem}: {panel['title']}"
                found.append(Asked(place, target["expr"], target.get("instant", False)))
        found += [
            Asked(f"{file.stem}: marks {each['name']}", each["expr"], instant=False)
            for each in dashboard["annotations"].get("list", ())
        ]
    return found
