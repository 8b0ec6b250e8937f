"""What has been said of all streams, kept for the live page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from .stream_history import StreamHistory

log = logging.getLogger(__name__)


class History:
    """Takes the messages that workers wrote, and keeps what the page shows of them.

    It knows the streams of all workers, so that a page can tell of those that another one holds.

    Args:
        streams: Of the lab; messages of others are left out.

    Example:
        >>> history = History(["opv"])
        >>> history.take("alerts", {"stream": "opv", "kind": "drift", "status": "firing",
        ...     "record": 9, "time": "2026-01-01T00:00:00Z", "evidence": {}, "text": "It drifts"})
        >>> history["opv"].last_drift()["record"]
        9
    """

    def __init__(self, streams: Collection[str]) -> None:
        self._streams = {name: StreamHistory() for name in streams}

    def __getitem__(self, stream: str) -> StreamHistory:
        """What has been said of a stream of the lab."""
        return self._streams[stream]

    def take(self, topic: str, message: Mapping[str, Any]) -> None:
        """A message of ours; one that cannot be read is passed over.

        Args:
            topic: Its purpose: fidelity, alerts, decisions or regenerations.
            message: Its fields, as JSON has them.
        """
        stream = self._streams.get(str(message.get("stream")))
        if stream is None:
            return
        try:
            _taker(stream, topic, message)(message)
        except (KeyError, TypeError, ValueError) as error:
            log.debug("a message of %s that cannot be shown: %r", topic, error)


def _taker(
    stream: StreamHistory, topic: str, message: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], None]:
    if topic == "fidelity":
        return stream.report
    if topic == "alerts":
        return stream.alert
    if topic == "decisions":
        return stream.decision
    return stream.outcome if message.get("kind") == "outcome" else stream.request
