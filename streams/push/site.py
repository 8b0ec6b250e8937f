"""The addresses of the connect worker."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from halflife.streams.monitor.page.guard import HEADERS, Handler

from .desk import Desk
from .metrics import PushMetrics
from .pages import Pages
from .turned_away import TurnedAway, problem

log = logging.getLogger(__name__)

_IDLE_SECONDS: Final = 75.0
_LINGER_SECONDS: Final = 2.0
_END_SECONDS: Final = 15.0


class Site:
    """Answers for a connect worker, while the context lasts.

    | address | answer |
    |---|---|
    | ``/metrics``, ``/ready`` | for Prometheus and orchestrators |
    | ``/v1/records``, ``/v1/sources/NAME`` | take records by POST |
    | ``/openapi.json``, ``/`` | say how |

    Args:
        registry: What ``/metrics`` tells.
        not_ready: Why the worker cannot work now, None if it can.
        desk: Takes the records.
        pages: Say how.
        metrics: Of requests.
        host: Address to listen at.
        port: Port to listen at; 0 for any free one.
        tls: How connections are encrypted; None if they are not.

    Raises:
        OSError: On entering, if the port is in use.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        not_ready: Callable[[], str | None],
        *,
        desk: Desk,
        pages: Pages,
        metrics: PushMetrics,
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._registry = registry
        self._not_ready = not_ready
        self._push = metrics
        self._host = host
        self._port = port
        self._tls = tls
        app = web.Application(middlewares=[self._watch], client_max_size=0)
        app.on_response_prepare.append(_careful)
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/ready", self._ready),
                web.post("/v1/records", desk.records),
                web.post("/v1/sources/{name}", desk.source),
                web.get("/openapi.json", pages.openapi),
                web.get("/", pages.guide),
                web.get("/docs", pages.guide),
            ]
        )
        # Bodies are unpacked by us, within their limits.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_wire_log(),
            auto_decompress=False,
            keepalive_timeout=_IDLE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            shutdown_timeout=_END_SECONDS,
        )

    @property
    def address(self) -> str:
        """Where it listens, once it does: ``http://host:port``."""
        host, port = self._runner.addresses[0][:2]
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls)
            await site.start()
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer is one that was thought of, and those to records are counted."""
        began = time.perf_counter()
        response: web.StreamResponse
        try:
            response = await handler(request)
        except TurnedAway as error:
            response = error.response()
        except web.HTTPException as error:
            response = _of_aiohttp(request, error)
        except ConnectionError:
            raise
        except Exception:
            log.exception("a fault in answering %s", request.path)
            response = problem(500, "fault", "A fault of Halflife's; its log has more.")
        if request.path.startswith("/v1/"):
            self._push.answered(response.status, time.perf_counter() - began)
        return response

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _ready(self, _request: web.Request) -> web.Response:
        reason = self._not_ready()
        if reason is None:
            return web.Response(text="ready\n")
        return web.Response(status=503, text=f"{reason}\n")


class _NotOurFault(logging.Filter):
    """Leaves out what strangers sent that is no HTTP: they are told, and could fill the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


def _wire_log() -> logging.Logger:
    """What aiohttp logs to."""
    found = log.getChild("wire")
    if not any(isinstance(one, _NotOurFault) for one in found.filters):
        found.addFilter(_NotOurFault())
    return found


def tls_of(certfile: Path | None, keyfile: Path | None) -> ssl.SSLContext | None:
    """How connections are encrypted; None where there is no certificate.

    Raises:
        OSError: For files that cannot be used, with their names.
    """
    if certfile is None or keyfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, keyfile)
    except (OSError, ssl.SSLError) as error:
        text = f"cannot use HALFLIFE_PUSH_CERTFILE {certfile} with _KEYFILE {keyfile}: {error}"
        raise OSError(text) from error
    return context


def _of_aiohttp(request: web.Request, error: web.HTTPException) -> web.Response:
    """What aiohttp itself refuses, told as the rest is."""
    texts = {
        404: f"There is nothing at {request.path[:200]!r} here; / says what there is.",
        405: f"{request.method[:20]} is not answered at {request.path[:200]!r}.",
    }
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    reason = (error.reason or "refused").lower().replace(" ", "-")
    text = texts.get(error.status, f"{error.reason}.")
    return problem(error.status, reason, text, headers)


async def _careful(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
