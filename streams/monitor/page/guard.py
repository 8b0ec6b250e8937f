"""Who may look, and what a browser may do with the page."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# plotly.js writes style sheets of its own into the page; scripts come from files alone.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OWN: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """Turns away requests under names that are not ours, and tells browsers to be careful.

    A stranger's page can point a name of its own at 127.0.0.1, and would then read what is meant
    for this machine alone (DNS rebinding). Such a request still carries the stranger's name. An
    address in digits is nobody's name, and is let through.

    Args:
        host: Address at which the worker answers.
        names: Further names under which it is reached. Where it answers to other machines as well
            and no names are given, all are let through.

    Example:
        >>> guard = Guard("127.0.0.1")
        >>> guard.lets_in("localhost:8600"), guard.lets_in("evil.example:8600")
        (True, False)
    """

    def __init__(self, host: str, names: Collection[str] = ()) -> None:
        self._names = {name.lower() for name in names if name}
        self._open = host.lower() not in _OWN and not self._names
        self._names |= _OWN | {host.lower()}

    def lets_in(self, host: str) -> bool:
        """Whether a request with this ``Host`` is answered."""
        if self._open:
            return True
        name = host.lower().strip()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") == 1:
            name = name.partition(":")[0]
        return name in self._names or name.endswith(".localhost") or _is_address(name)

    def install(self, app: web.Application) -> None:
        """Stand before all pages of an app that is not yet running."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self.lets_in(request.headers.get("Host", "")):
                text = "This worker does not answer under that name; HALFLIFE_WEB_NAMES adds names."
                return web.Response(status=421, text=text + "\n")
            return await handler(request)

        async def careful(_request: web.Request, response: web.StreamResponse) -> None:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)

        app.middlewares.append(check)
        app.on_response_prepare.append(careful)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
