"""A Bluesky RunEngine whose documents are published to Kafka."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .topic_source import TopicSource


class BlueskySource(TopicSource):
    """Documents as bluesky-kafka publishes them; each event of one event stream is a record.

    Example:
        >>> BlueskySource(name="bmm", type="bluesky", topic="bmm.documents").event_stream
        'primary'
    """

    type: Literal["bluesky"] = Field(description="Documents of a Bluesky RunEngine.")
    event_stream: str = Field(
        default="primary",
        min_length=1,
        max_length=200,
        examples=["primary", "baseline"],
        description="Name of the event stream (of its descriptor) whose events are the records.",
    )
