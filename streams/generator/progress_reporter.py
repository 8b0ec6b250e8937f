"""Signs of life of a training: to the progress topic and to the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from halflife.schemas.progress import TrainingProgress
from halflife.schemas.regeneration import RegenerationRequest

from .closing import close
from .training_step import TrainingStep
from .trouble import Trouble

_log = logging.getLogger(__name__)
_SEND_SECONDS: Final = 0.5
_LOG_SECONDS: Final = 5.0
_BACK_OFF: Final = 5.0


class ProgressReporter:
    """Tells the latest step about twice a second; nothing depends on its arriving.

    Args:
        arguments: Of every aiokafka client.
        topic: Full name of the progress topic.
        clock: Seconds since 1970 in UTC.
    """

    def __init__(
        self, arguments: Mapping[str, Any], topic: str, *, clock: Callable[[], float]
    ) -> None:
        self._arguments = dict(arguments)
        self._topic = topic
        self._clock = clock
        self._trouble = Trouble(_log)
        self._latest: TrainingProgress | None = None
        self._fresh = asyncio.Event()
        self._phase: tuple[str, str] | None = None
        self._log_due = 0.0

    def tell(self, request: RegenerationRequest, step: TrainingStep) -> None:
        """Notes a step: the log gets each new phase and a line every few seconds."""
        now = time.monotonic()
        if self._phase != (request.request_id, step.phase) or now >= self._log_due:
            self._phase = (request.request_id, step.phase)
            self._log_due = now + _LOG_SECONDS
            _log.info("%s: %s", request.stream, step.text)
        self._latest = TrainingProgress(
            request_id=request.request_id,
            stream=request.stream,
            phase=step.phase,
            step=step.step,
            steps=step.steps,
            loss=step.loss,
            rows_per_second=step.rows_per_second,
            seconds_left=step.seconds_left,
            time=datetime.fromtimestamp(self._clock(), UTC),
        )
        self._fresh.set()

    async def run(self) -> None:
        """Sends what was told, until it is cancelled; troubles of the broker are only logged."""
        while True:
            await self._fresh.wait()
            try:
                await self._send_until_trouble()
            except (KafkaError, OSError) as error:
                self._trouble.say(f"cannot tell how far the training is: {error!r}")
            await asyncio.sleep(_BACK_OFF)

    async def _send_until_trouble(self) -> None:
        producer: Any = AIOKafkaProducer(**self._arguments, acks=1)
        try:
            await producer.start()
            while True:
                await self._fresh.wait()
                self._fresh.clear()
                latest = self._latest
                if latest is not None:
                    await producer.send_and_wait(
                        self._topic, latest.to_bytes(), key=latest.stream.encode()
                    )
                await asyncio.sleep(_SEND_SECONDS)
        finally:
            await close(producer)
