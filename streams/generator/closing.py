"""Letting go of a Kafka client, whatever state it is in."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

_log = logging.getLogger(__name__)
_SECONDS: Final = 5.0


async def close(client: Any) -> None:
    """Stops an aiokafka client; one that cannot end in good order is left behind.

    Args:
        client: A producer or consumer, started or not.
    """
    try:
        await asyncio.wait_for(client.stop(), _SECONDS)
    except Exception as error:  # noqa: BLE001  # it is broken, and about to be forgotten
        _log.debug("could not stop a client in good order: %r", error)
