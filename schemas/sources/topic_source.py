"""Where topics of Kafka are that somebody else writes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from halflife.schemas.broker_address import BROKERS

from .access import Access

TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._*?-]{1,249}$")]
"""A topic, or many: ``*`` stands for any characters, ``?`` for one."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    """A time that is written as text, as TOML has them without quotes too."""
    if isinstance(value, str) and value not in {"earliest", "latest"}:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


class TopicSource(Access):
    """What is said of topics that are read, whatever their messages mean.

    Example:
        >>> plan = TopicSource(name="hplc", type="kafka", topic="lab", start="2026-11-22T10:00Z")
        >>> plan.topics, plan.start.isoformat()
        (['lab'], '2026-11-22T10:00:00+00:00')
    """

    servers: str | None = Field(
        default=None,
        pattern=BROKERS,
        examples=["kafka.lab:9092", "kafka-1.lab:9092,kafka-2.lab:9092"],
        description="Addresses of the Kafka cluster; default: the one that Halflife uses.",
    )
    topics: Annotated[
        list[TopicName],
        BeforeValidator(_listed, json_schema_input_type=TopicName | list[TopicName]),
    ] = Field(
        default=[],
        alias="topic",
        description="The topic, or a list of them; * stands for any characters.",
    )
    start: Annotated[
        Literal["earliest", "latest"] | AwareDatetime,
        BeforeValidator(_moment, json_schema_input_type=str),
    ] = Field(
        default="earliest",
        examples=["latest", "2026-11-22T10:00:00Z"],
        description="Where the first reading begins: at the earliest message that is still there, "
        "after the latest, or at a time (RFC 3339 with a zone). Later the source goes on where it "
        "was.",
    )
    isolation: Literal["read_committed", "read_uncommitted"] = Field(
        default="read_committed",
        description="Whether messages of transactions count that were not finished, or given up.",
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", description="How the password is proved to the cluster."
    )

    @property
    def wanted(self) -> list[str]:
        """The topics that are read; ``*`` stands for any characters."""
        return self.topics

    @property
    def own_access(self) -> bool:
        """Whether the cluster is reached otherwise than Halflife reaches its own."""
        return bool(self.servers or self.username or self.tls)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        secret = self.password_file is not None or self.password_env is not None
        if secret != (self.username is not None):
            raise PydanticCustomError(
                "range", "username is due together with password_file or password_env"
            )
        if (self.cert_file is None) != (self.key_file is None):
            raise PydanticCustomError("range", "cert_file is due together with key_file")
        if not self.tls and (self.ca_file or self.cert_file):
            raise PydanticCustomError("range", "ca_file and cert_file need tls = true")
        if not self.wanted:
            raise PydanticCustomError("range", "topic is missing: a name, or a list of names")
        return self
