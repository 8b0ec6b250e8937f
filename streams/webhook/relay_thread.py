"""The relay in a thread and an event loop of its own: a receiver never holds up a worker."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Final, Self

from prometheus_client import CollectorRegistry

from halflife.schemas.errors import SettingsError
from halflife.schemas.problem import Problem
from halflife.schemas.settings import Settings, variable

from .delivery import Delivery
from .metrics import WebhookMetrics
from .relay import WebhookRelay
from .signature import Signature

_GRACE: Final = 3.0


class RelayThread:
    """Runs a `WebhookRelay` beside a worker.

    Args:
        settings: How Kafka and the webhook are reached.
        registry: Of the metrics.

    Raises:
        SettingsError: For an address or a secret that cannot be used.
    """

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        url, secret = settings.secret("webhook_url"), settings.secret("webhook_secret")
        if url is None or not url.get_secret_value().startswith(("https://", "http://")):
            text = "an address that begins with https:// or http:// is due"
            raise SettingsError([Problem(path=variable("webhook_url"), text=text)])
        try:
            signature = None if secret is None else Signature(secret.get_secret_value())
        except ValueError as error:
            problem = Problem(path=variable("webhook_secret"), text=str(error))
            raise SettingsError([problem]) from error
        self._settings = settings
        self._delivery = Delivery(url.get_secret_value(), settings.webhook_format, signature)
        self._metrics = WebhookMetrics(registry)
        self._began = time.time()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._relay: WebhookRelay | None = None
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)

    @classmethod
    def from_settings(cls, settings: Settings, registry: CollectorRegistry) -> Self | None:
        """One, if a webhook is named."""
        named = settings.webhook_url is not None or settings.webhook_url_file is not None
        return cls(settings, registry) if named else None

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more; what has no answer is delivered by the next worker."""
        if self._thread.is_alive() and self._loop is not None and self._relay is not None:
            self._loop.call_soon_threadsafe(self._relay.stop)
            self._thread.join(_GRACE)

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        relay = WebhookRelay(self._settings, self._delivery, self._metrics, began=self._began)
        self._loop, self._relay = asyncio.get_running_loop(), relay
        await relay.run()
