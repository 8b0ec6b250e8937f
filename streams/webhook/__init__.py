"""Alerts for a webhook, for labs without Alertmanager."""
