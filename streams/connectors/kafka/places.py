"""How far topics have been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self


@dataclass(slots=True)
class TopicPlace:
    """How far one topic has been read.

    Args:
        topic_id: Kafka's own identity of the topic, another when it is made anew; empty if the
            cluster is too old to have one.
        made: How often its offsets began again since it was first read.
        next: The offset that is read next, by partition.
    """

    topic_id: str
    made: int = 0
    next: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Places:
    """How far all topics of a source have been read, and when that was.

    Args:
        topics: By name; those that are gone stay, so that they are known again.
        heard: When the source was last heard; None if it never was.

    Example:
        >>> places = Places.of({"topics": {"lab": {"id": "x", "made": 1, "next": {"0": 8}}}})
        >>> places.record_id("lab", 0, 8), Places.of(places.position()) == places
        ('lab~1/0/8', True)
    """

    topics: dict[str, TopicPlace] = field(default_factory=dict)
    heard: datetime | None = None

    @classmethod
    def of(cls, position: Mapping[str, Any] | None) -> Self:
        """The places of a position; none, if there is none."""
        position = position or {}
        heard = position.get("heard")
        return cls(
            {
                name: TopicPlace(
                    place["id"], place["made"], {int(n): at for n, at in place["next"].items()}
                )
                for name, place in position.get("topics", {}).items()
            },
            None if heard is None else datetime.fromtimestamp(heard, UTC),
        )

    def position(self) -> dict[str, Any]:
        """As plain data; ``of`` reads it."""
        return {
            "topics": {
                name: {
                    "id": place.topic_id,
                    "made": place.made,
                    "next": {str(n): at for n, at in place.next.items()},
                }
                for name, place in self.topics.items()
            },
            "heard": None if self.heard is None else self.heard.timestamp(),
        }

    def record_id(self, topic: str, partition: int, offset: int) -> str:
        """Identity of a message: also among those that had its offset before the topic was remade.

        Args:
            topic: A topic that is known.
            partition: Of the message.
            offset: Of the message.
        """
        made = self.topics[topic].made
        return f"{topic}~{made}/{partition}/{offset}" if made else f"{topic}/{partition}/{offset}"

    def passed(self, topic: str, partition: int, offset: int) -> None:
        """A message has been read."""
        self.topics[topic].next[partition] = offset + 1
