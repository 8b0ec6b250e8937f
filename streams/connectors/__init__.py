"""Connectors: each speaks as some instruments do, and hands on what it hears."""
