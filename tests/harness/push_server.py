"""A real HTTP server that behaves badly, for the client: it drops, cuts, trickles and refuses."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.lines = self.body.splitlines()
        mine = self.server.owner
        with mine.lock:
            mine.requests.append((self.path, dict(self.headers)))
            behave = mine.next.popleft() if mine.next else mine.usual
        behave(self)

    def accept(self, refuse: Callable[[dict[str, Any]], str | None] = lambda _: None) -> bytes:
        """Takes the records, and makes the answer that tells so."""
        accepted, refused = [], []
        for index, line in enumerate(self.lines):
            record = json.loads(line)
            text = refuse(record)
            if text is None:
                accepted.append(record)
            else:
                entry = {"index": index, "reason": "out-of-range", "path": "values.x", "text": text}
                refused.append(entry)
        with self.server.owner.lock:
            self.server.owner.records += accepted
        return json.dumps({"accepted": len(accepted), "refused": refused}).encode()

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        """Closes the connection without a word."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    owner: PushServer
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients that are killed leave broken connections."""


def accepts(request: Request) -> None:
    request.answer(202, request.accept())


def drops(request: Request) -> None:
    request.drop()


def accepts_and_drops(request: Request) -> None:
    request.accept()
    request.drop()


def accepts_and_cuts(request: Request) -> None:
    """Half of the answer."""
    body = request.accept()
    request.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % len(body))
    request.wfile.write(body[: len(body) // 2])
    request.drop()


def says(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    return lambda request: request.answer(status, body, **headers)


class PushServer:
    """Listens at a port of its own, which stays its own while it is down.

    Args:
        context: For TLS.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.lock = threading.Lock()
        self.records: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.next: deque[Behaviour] = deque()
        self.usual: Behaviour = accepts
        self._context = context
        self._server: _Server | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        server = _Server(("127.0.0.1", self.port), Request)
        server.owner = self
        if self._context:
            server.socket = self._context.wrap_socket(server.socket, server_side=True)
        self.port = server.server_port
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def ids(self) -> list[str]:
        """Identities in the order in which they were first accepted."""
        with self.lock:
            return list(dict.fromkeys(record["record_id"] for record in self.records))

    def doubled(self) -> Counter[str]:
        """How often a record came again."""
        with self.lock:
            return Counter(r["record_id"] for r in self.records) - Counter(
                {r["record_id"]: 1 for r in self.records}
            )
