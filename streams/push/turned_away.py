"""A request that is answered with something else than 202."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from aiohttp import web


class TurnedAway(Exception):  # noqa: N818  # what happens to a request, and named so
    """Nothing of the request was written, unless the text says so.

    Args:
        status: Of the answer.
        reason: A word for machines.
        text: A sentence for people: what was wrong, and what is allowed.
        retry_after: Seconds after which the same request may go well; None if it never will.
        headers: Further ones of the answer.

    Example:
        >>> TurnedAway(429, "busy", "Too much at once.", retry_after=1).response().status
        429
    """

    def __init__(
        self,
        status: int,
        reason: str,
        text: str,
        *,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text
        self._headers = dict(headers or {})
        if retry_after is not None:
            self._headers["Retry-After"] = str(retry_after)

    def response(self) -> web.Response:
        """The answer, as RFC 9457 wants problems told."""
        return problem(self.status, self.reason, self.text, self._headers)


def problem(
    status: int, reason: str, text: str, headers: dict[str, str] | None = None
) -> web.Response:
    """An answer that tells of a problem (``application/problem+json``, RFC 9457)."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = ""
    # It may quote the request, whose headers need be no UTF-8.
    detail = text.encode("utf-8", "replace").decode()
    body = {"title": title, "status": status, "detail": detail, "reason": reason}
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/problem+json",
        headers=headers,
    )
