"""Writes Prometheus' rules as the operator takes them: ``python -m deploy.kubernetes.rules``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = Path(__file__).parent / "base" / "rules.yaml"
_RULES: Final = Path(__file__).parents[1] / "prometheus" / "rules"
_HEAD: Final = "# Made from deploy/prometheus/rules by `make dashboards`.\n"


def prometheus_rule() -> bytes:
    """All groups of rules in one PrometheusRule."""
    groups: list[dict[str, Any]] = [
        group
        for file in sorted(_RULES.glob("*.yaml"), reverse=True)
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
    ]
    made = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "halflife"},
        "spec": {"groups": groups},
    }
    text: str = yaml.safe_dump(made, sort_keys=False, width=120, allow_unicode=True)
    return (_HEAD + text).encode()


def main() -> None:
    """Write them."""
    FILE.write_bytes(prometheus_rule())


if __name__ == "__main__":
    main()
