"""How records are sent, for programs and for people."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

import orjson
from aiohttp import web

from halflife.schemas.lab import Lab
from halflife.schemas.stream_plan import StreamPlan

from .gaps import INSTRUMENT
from .limits import Limits
from .openapi import openapi

_SHOWN: Final = 8  # columns of an example


class Pages:
    """``/openapi.json``, and a page that shows it with examples to copy.

    Args:
        lab: Its streams and sources.
        limits: Of a request.
        has_token: Whether requests need one.
    """

    def __init__(self, lab: Lab, limits: Limits, *, has_token: bool) -> None:
        self._lab = lab
        self._limits = limits
        self._has_token = has_token
        self._document = openapi(lab, limits, has_token=has_token)

    async def openapi(self, _request: web.Request) -> web.Response:
        """Answers ``GET /openapi.json``."""
        return web.Response(body=orjson.dumps(self._document), content_type="application/json")

    async def guide(self, request: web.Request) -> web.Response:
        """Answers ``GET /``."""
        text = self.html(f"{request.scheme}://{request.host}")
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    def html(self, address: str) -> str:
        """The page.

        Args:
            address: Under which this worker was asked.
        """
        import jinja2

        environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(
            (files(__package__) / "static" / "guide.html").read_text(encoding="utf-8")
        )
        return template.render(
            address=address.encode("utf-8", "replace").decode(),
            document=self._document,
            examples={
                name: orjson.dumps(example(plan), option=orjson.OPT_INDENT_2).decode()
                for name, plan in self._lab.streams.items()
            },
            streams=self._lab.streams,
            sources={
                name: plan for name, plan in self._lab.sources.items() if plan.type == INSTRUMENT
            },
            limits=self._limits,
            has_token=self._has_token,
        )


def example(plan: StreamPlan) -> dict[str, Any]:
    """A record of a stream that would be taken."""
    values: dict[str, Any] = {}
    for column in plan.table.columns[:_SHOWN]:
        low, high = column.minimum, column.maximum
        within = low if low is not None else high
        values[column.name] = "text" if not column.is_number else 0 if within is None else within
    return {
        "stream": plan.name,
        "record_id": "run-1-0",
        "time": "2026-11-22T10:00:00Z",
        "instrument": "robot",
        "values": values,
    }
