"""Grafana's dashboards as code; ``make dashboards`` writes what stands in ``dashboards/``."""
