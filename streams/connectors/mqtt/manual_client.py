"""The client of aiomqtt, with acknowledgements in our own hands."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import aiomqtt

from .heard import Heard

_MOST_WAITING: Final = 20_000
_MOST_BYTES: Final = 64 * 2**20
_PAUSE: Final = 0.005
_NOBODY: Final = "halflife/nobody"


class ManualClient(aiomqtt.Client):
    """Hands on messages with their marks, and acknowledges when it is told to.

    aiomqtt hides the mark of messages that are sent again, and acknowledges on arrival; here its
    callbacks of paho are replaced, which 2.x names so.

    Args:
        hostname: Of the broker.
        port: Of the broker.
        clock: Seconds since 1970 in UTC.
        **more: As of aiomqtt.

    Attributes:
        session_present: Whether the broker remembers us.
        dropped: Messages of QoS 0 that came faster than they were taken.
    """

    def __init__(
        self, hostname: str, port: int, *, clock: Callable[[], float] = time.time, **more: Any
    ) -> None:
        super().__init__(hostname, port, **more)
        self.session_present = False
        self.dropped = 0
        self._clock = clock
        self._waiting: deque[Heard] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._overrun = False
        self._client.manual_ack_set(True)
        # Nobody may be waiting when the connection breaks, and asyncio would complain.
        self._disconnected.add_done_callback(lambda done: done.cancelled() or done.exception())

    def acknowledge(self, heard: Heard) -> None:
        """Tell the broker that it need not send a message again."""
        if heard.qos:
            self._client.ack(heard.mid, heard.qos)

    async def settled(self) -> bool:
        """Whether the broker has read all that was sent to it: it answers in order.

        What it is asked for changes nothing: to end a subscription that there is not.
        """
        try:
            await self.unsubscribe(_NOBODY)
        except aiomqtt.MqttError:
            return False
        return True

    async def collect(self, most: int, linger: float, patience: float) -> list[Heard]:
        """Messages that came; none if there was none in time.

        Args:
            most: At most so many.
            linger: Seconds for which more are waited for after the first, as long as some come.
            patience: Seconds for which the first is waited for.

        Raises:
            MqttError: If the connection is gone, and all that came by it was taken.
        """
        if not self._waiting:
            await self._wait(patience)
        until, before = time.monotonic() + linger, 0
        while before < len(self._waiting) < most and time.monotonic() < until:
            before = len(self._waiting)
            await asyncio.sleep(min(linger, _PAUSE))
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._bytes -= sum(len(heard.payload) for heard in taken)
        return taken

    async def _wait(self, patience: float) -> None:
        """Until a message is there, the connection is gone, or the time is over."""
        if self._overrun:
            raise aiomqtt.MqttError("messages come faster than they can be taken")
        self._news.clear()
        news = asyncio.create_task(self._news.wait())
        try:
            ends: set[asyncio.Future[Any]] = {news, self._disconnected}
            await asyncio.wait(ends, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if self._disconnected.done() and not self._waiting:
            raise aiomqtt.MqttError("disconnected") from self._disconnected.exception()

    def _on_connect(self, client: Any, userdata: Any, flags: Any, *more: Any) -> None:
        self.session_present = bool(flags.session_present)
        super()._on_connect(client, userdata, flags, *more)

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:  # noqa: ARG002  # of paho
        full = len(self._waiting) >= _MOST_WAITING or self._bytes > _MOST_BYTES
        if full and not message.qos:
            self.dropped += 1
            return
        # A broker without a limit of its own: it is left, and sends again what is missing.
        self._overrun = self._overrun or full
        if self._overrun:
            return
        self._bytes += len(message.payload)
        self._waiting.append(
            Heard(
                topic=message._topic.decode("utf-8", "replace"),  # noqa: SLF001  # topic raises
                payload=message.payload,
                qos=message.qos,
                retain=bool(message.retain),
                dup=bool(message.dup),
                mid=message.mid,
                time=self._clock(),
            )
        )
        self._news.set()
