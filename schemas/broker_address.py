"""How addresses of brokers of Kafka are written."""

from __future__ import annotations

from typing import Final

_ADDRESS: Final = r"([^\s,:/]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}"
BROKERS: Final = rf"^{_ADDRESS}(,{_ADDRESS})*$"
"""Pattern of one address or several, ``host:port``, with commas between."""
