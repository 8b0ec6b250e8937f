"""Who may send records."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from halflife.streams.monitor.page.guard import Guard

from .turned_away import TurnedAway

_UNGUARDED: Final = (
    "This worker answers to other machines and has no token: set HALFLIFE_PUSH_TOKEN_FILE (or "
    "HALFLIFE_PUSH_TOKEN) on it, and send 'Authorization: Bearer TOKEN'; or set HALFLIFE_WEB_HOST "
    "to 127.0.0.1."
)


class Door:
    """Lets in who knows the token, or, where there is none, programs of this machine alone.

    Without a token, pages of strangers in a browser of this machine could send records too: they
    are known by their ``Origin``, or by the name of theirs that they gave our address.

    Args:
        token: That is asked for; None for none.
        host: Address at which the worker answers.
        names: Further names under which it is reached.
    """

    def __init__(self, token: str | None, host: str, names: Collection[str] = ()) -> None:
        self._token = token
        self._guard = Guard(host, names)
        self._local = _is_local(host)

    def check(self, request: web.Request) -> None:
        """Nothing, if the request may bring records.

        Raises:
            TurnedAway: 401, 403 or 421, with what to do.
        """
        if self._token is not None:
            given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                text = (
                    "Send the header 'Authorization: Bearer TOKEN' with the token of this worker."
                )
                headers = {"WWW-Authenticate": 'Bearer realm="Halflife"'}
                raise TurnedAway(401, "token", text, headers=headers)
            return
        if not self._local:
            raise TurnedAway(403, "no-token", _UNGUARDED)
        host = request.headers.get("Host", "")
        if not self._guard.lets_in(host):
            text = "This worker does not answer under that name; HALFLIFE_WEB_NAMES adds names."
            raise TurnedAway(421, "host", text)
        origin = request.headers.get("Origin")
        if origin is not None and not _is_same(origin, request.scheme, host):
            text = "Without a token (HALFLIFE_PUSH_TOKEN_FILE) no page of another site may send."
            raise TurnedAway(403, "origin", text)


def _is_local(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_same(origin: str, scheme: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme == scheme and parts.netloc.lower() == host.strip().lower()
