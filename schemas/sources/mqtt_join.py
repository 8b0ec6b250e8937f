"""How values that come alone become records."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from halflife.schemas.quantities import Duration

from .field_path import FieldPath
from .topic_template import TopicText

_KEY_SECONDS = 60.0


class MqttJoin(BaseModel):
    """``join`` of a source of type ``mqtt``: by a trigger, by time, or by a key they share.

    Example:
        >>> MqttJoin(within="2 s").seconds
        2.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trigger: TopicText | None = Field(
        default=None,
        description="Topic whose message makes a record of the latest value of each name.",
    )
    within: Duration | None = Field(
        default=None,
        description="Values that come within this time are one record; with key, how long a "
        "record is waited for (default 60 s).",
    )
    key: FieldPath | None = Field(
        default=None,
        examples=["run"],
        description="Where the payload has what all values of one record share.",
    )
    names: list[str] = Field(
        default=[],
        max_length=1000,
        description="Values of a whole record: it is done as soon as all are there; others are "
        "left out. Default: all that come.",
    )
    max_age: Duration | None = Field(
        default=None, description="With trigger: after which a value is missing, being too old."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.trigger is not None) + (self.within is not None or self.key is not None)
        if ways != 1:
            raise PydanticCustomError(
                "range", "either trigger, or within, or key (which may have a within) is due"
            )
        if self.max_age is not None and self.trigger is None:
            raise PydanticCustomError("range", "max_age is for a trigger")
        return self

    @property
    def seconds(self) -> float | None:
        """``within``, or its default; None with a trigger."""
        return None if self.trigger is not None else self.within or _KEY_SECONDS
