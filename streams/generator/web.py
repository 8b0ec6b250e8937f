"""Where the generator worker answers: ``/metrics`` for Prometheus, ``/ready`` for orchestrators."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder


class GeneratorWeb:
    """A small web server in the worker's event loop, while the context lasts.

    Args:
        registry: What ``/metrics`` tells.
        not_ready: Says why the worker cannot work now, None if it can: ``/ready`` answers 503 or
            200 with the reason as text.
        host: Address to listen at.
        port: Port to listen at; 0 for any free one.

    Raises:
        OSError: On entering, if the port is in use.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        not_ready: Callable[[], str | None],
        *,
        host: str,
        port: int,
    ) -> None:
        self._registry = registry
        self._not_ready = not_ready
        self._host = host
        self._port = port
        app = web.Application()
        app.add_routes([web.get("/metrics", self._metrics), web.get("/ready", self._ready)])
        self._runner = web.AppRunner(app, access_log=None)

    @property
    def address(self) -> str:
        """Where it listens, once it does: ``http://host:port``."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _ready(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's form
        reason = self._not_ready()
        if reason is None:
            return web.Response(text="ready\n")
        return web.Response(status=503, text=f"{reason}\n")
