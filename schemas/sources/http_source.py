"""A source that sends by itself, over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .source_plan import SourcePlan


class HttpSource(SourcePlan):
    """What is sent to ``POST /v1/sources/NAME`` of the connect worker, in a shape of the lab's own.

    Example:
        >>> HttpSource(name="hplc", type="http", id_from="run").id_from
        'run'
    """

    type: Literal["http"] = Field(
        description="It sends JSON by POST /v1/sources/NAME to the connect worker."
    )
