"""A record on its way."""

from __future__ import annotations

from typing import NamedTuple

from .refused import Refused


class Line(NamedTuple):
    """A record as a line of JSON, or what is kept of one that cannot be sent."""

    json: bytes
    refused: Refused | None = None
