"""Ports for servers that have to be told one before they start."""

from __future__ import annotations

import secrets
import socket
from typing import Final

_PORTS: Final = range(12_000, 20_000)
"""Below those that systems hand out to connections: nobody gets one of these by chance."""


def free_port() -> int:
    """A port that nobody has now, and that nobody else is likely to take."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
