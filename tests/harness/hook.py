"""A receiver of webhooks that can be told how to answer, and killed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Post:
    """What came: the path, the headers with small letters, and the body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Hook:
    """Keeps what is posted, in order, and answers with a status.

    Args:
        answer: The status for a post; what is answered with 2xx counts as taken.
        port: To listen at; 0 for any free one.
    """

    def __init__(self, answer: Callable[[Post], int] = lambda _: 200, *, port: int = 0) -> None:
        self.answer = answer
        self.posts: list[Post] = []
        self.taken: list[Post] = []
        self.port = port
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, at the same port as before if it was killed."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                post = Post(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                status = hook.answer(post)
                hook.posts.append(post)
                if 200 <= status < 300:
                    hook.taken.append(post)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kill(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    async def until(self, taken: int, seconds: float = 30.0) -> list[Post]:
        """What was taken, once it is so many."""
        async with asyncio.timeout(seconds):
            while len(self.taken) < taken:  # noqa: ASYNC110  # posts come in threads
                await asyncio.sleep(0.02)
        return list(self.taken)
