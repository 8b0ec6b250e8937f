"""The service as the client sees it: one address to post to, over one connection."""

from __future__ import annotations

import contextlib
import io
import time
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import SplitResult, urlsplit

from .answer import Answer
from .service_away import ServiceAway
from .token import Token

if TYPE_CHECKING:
    import socket
    from http.client import HTTPConnection, HTTPResponse

_LONGEST_ANSWER: Final = 8 << 20
_CHUNK: Final = 1 << 16


class Service:
    """Posts batches of records. For one thread; ``http.client`` is loaded with the first.

    Redirections are not followed, and proxies of the environment not asked: records and token go
    to the address that was given, and nowhere else.

    Args:
        url: ``http://HOST:PORT`` or ``https://...``, with a path before ``/v1`` if there is one.
        token: Lets in.
        ca_file: Certificates that are trusted for https, in place of those of the system.
        seconds: That a request may take in all.

    Raises:
        ValueError: For what is no such address.
    """

    def __init__(self, url: str, token: Token, *, ca_file: str | None, seconds: float) -> None:
        self._url = _checked(url)
        self._token = token
        self._ca_file = ca_file
        self._seconds = seconds
        self._connection: HTTPConnection | None = None
        self._deadline = 0.0

    @property
    def url(self) -> str:
        """The address, as it is shown and compared."""
        return self._url.geturl().rstrip("/")

    @property
    def is_open_to_others(self) -> bool:
        """Whether what is sent can be read on the way."""
        return self._url.scheme == "http" and self._url.hostname not in {
            "localhost",
            "127.0.0.1",
            "::1",
        }

    def post(self, lines: list[bytes]) -> Answer:
        """The answer to some records.

        Raises:
            ServiceAway: If there is none, or not a whole one: some may have been accepted.
        """
        import http.client

        again = self._connection is not None
        try:
            return self._posted(lines)
        except ServiceAway:
            self.close()
            raise
        except (ConnectionError, http.client.BadStatusLine) as error:
            self.close()
            if not again:
                raise ServiceAway(_text(error)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise ServiceAway(_text(error)) from None
        return self.post(
            lines
        )  # a connection that was kept is often closed: once more on a new one

    def close(self) -> None:
        """Lets go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _posted(self, lines: list[bytes]) -> Answer:
        self._deadline = time.monotonic() + self._seconds
        connection = self._connection or self._connected()
        headers = {"Content-Type": "application/x-ndjson", "Accept": "application/json"}
        token = self._token.read()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = b"\n".join(lines) + b"\n"
        if connection.sock is not None:  # the answer before this one may have left it little time
            connection.sock.settimeout(self._seconds)
        connection.request("POST", f"{self._url.path.rstrip('/')}/v1/records", body, headers)
        response = connection.getresponse()
        text = b""
        while chunk := response.read(_CHUNK):
            text += chunk
            if len(text) > _LONGEST_ANSWER:
                raise ServiceAway(f"an answer of more than {_LONGEST_ANSWER:,} bytes")
        if response.will_close:
            self.close()
        location = response.headers.get("Location", "")
        return Answer(response.status, text, response.headers.get("Retry-After", ""), location)

    def _connected(self) -> HTTPConnection:
        import http.client

        host, port = self._url.hostname or "", self._url.port
        connection: HTTPConnection
        if self._url.scheme == "https":
            import ssl

            context = ssl.create_default_context(cafile=self._ca_file)
            connection = http.client.HTTPSConnection(
                host, port, timeout=self._seconds, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._seconds)
        connection.response_class = cast("type[HTTPResponse]", self._response)
        connection.connect()
        self._connection = connection
        return connection

    def _response(self, sock: socket.socket, *arguments: Any, **more: Any) -> HTTPResponse:
        """A response that is there by the deadline, also from a server that trickles."""
        import http.client

        response = http.client.HTTPResponse(sock, *arguments, **more)
        raw = response.fp.detach()
        response.fp = io.BufferedReader(_Hurried(sock, raw, self._deadline))
        return response


class _Hurried(io.RawIOBase):
    """The bytes of a socket until a deadline."""

    def __init__(self, sock: socket.socket, raw: Any, deadline: float) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


def _checked(url: str) -> SplitResult:
    example = "an address is due such as http://127.0.0.1:8602"
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"url: {example}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url: {example}: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("url: a password does not belong here: give the token as token=...")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"url: {example}, not {url!r}")
    if parts.query or parts.fragment:
        raise ValueError(f"url: {example}, without ? and #, not {url!r}")
    return parts


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
