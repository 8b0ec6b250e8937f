"""Letting go of a Kafka client, whatever state it is in."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any, Final

from halflife.streams.connectors.within import within

_log = logging.getLogger(__name__)
_SECONDS: Final = 5.0


async def close(client: Any) -> None:
    """Stops an aiokafka client; one that cannot end in good order is left behind.

    Args:
        client: A producer or consumer, started or not.
    """
    if not await _ended(client.stop()):
        # What a consumer has under it still looks for its broker: stopping broke off before that.
        inner = getattr(client, "_client", None) or getattr(client, "client", None)
        if inner is not None:
            await _ended(inner.close())


async def _ended(work: Coroutine[Any, Any, None]) -> bool:
    """Whether it ended in time and well.

    While a broker is away, aiokafka's ``stop`` can raise the cancellation of a fetch that it broke
    off itself, and who awaits it would believe to be cancelled.
    """
    try:
        await within(_SECONDS, work, "stopping a client")
    except Exception as error:  # noqa: BLE001  # it is broken, and about to be forgotten
        _log.debug("could not stop a client in good order: %r", error)
        return False
    return True
