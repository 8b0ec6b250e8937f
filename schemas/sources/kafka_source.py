"""Topics of Kafka in which a lab has its measurements already."""

from __future__ import annotations

import re
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .access import UserPath
from .topic_source import TopicSource

_FIELD: Final = re.compile(r"\{([^{}]*)\}")


class KafkaSource(TopicSource):
    """Messages of other people's topics, in one of the forms that labs use.

    Example:
        >>> plan = KafkaSource(name="m", type="kafka", topic_template="mdml-{recipe}-{instrument}")
        >>> plan.wanted
        ['mdml-*-*']
    """

    type: Literal["kafka"] = Field(description="Topics of Kafka that others write.")
    format: Literal["json", "cloudevents", "arrow", "confluent", "auto"] = Field(
        default="json",
        description="What the messages are: JSON; CloudEvents of both modes; Arrow IPC streams, "
        "each row a record; JSON behind the number of a schema, as Confluent writes it; or what "
        "the content-type of each message says.",
    )
    topic_template: str | None = Field(
        default=None,
        pattern=r"^([A-Za-z0-9._-]|\{[a-z][a-z0-9_]*\}){1,249}$",
        examples=["mdml-{recipe}-{instrument}"],
        description="What the names of the topics say: {instrument} and {recipe} of their "
        "records, and values under other names; where no topic is given, these are read.",
    )
    registry: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s@]+$",
        examples=["http://registry.lab:8081"],
        description="Address of the schema registry, which then says units of the values; "
        "only with the formats confluent and auto.",
    )
    registry_username: str | None = Field(
        default=None, min_length=1, description="User name at the registry."
    )
    registry_password_file: UserPath | None = Field(
        default=None, description="File that holds the password for the registry."
    )

    @property
    def template_parts(self) -> list[str]:
        """Texts and names of fields of ``topic_template`` by turns; a text is first and last."""
        return _FIELD.split(self.topic_template or "")

    @property
    def wanted(self) -> list[str]:
        """``topic``, or what the template makes of it."""
        if self.topics or self.topic_template is None:
            return self.topics
        return [_FIELD.sub("*", self.topic_template)]

    @model_validator(mode="after")
    def _template_can_be_read(self) -> Self:
        texts, names = self.template_parts[::2], self.template_parts[1::2]
        if len(set(names)) != len(names) or not all(texts[1:-1]):
            raise PydanticCustomError(
                "range", "topic_template: each field once, and some text between two of them"
            )
        if self.registry is not None and self.format not in {"confluent", "auto"}:
            raise PydanticCustomError("range", "registry is for format confluent or auto")
        if (self.registry_username is None) != (self.registry_password_file is None):
            raise PydanticCustomError(
                "range", "registry_username is due together with registry_password_file"
            )
        return self
