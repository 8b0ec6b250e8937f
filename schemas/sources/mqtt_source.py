"""A source that speaks MQTT."""

from __future__ import annotations

from itertools import combinations
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .field_path import FieldPath
from .mqtt_broker import MqttBroker
from .mqtt_join import MqttJoin
from .topic_template import TopicTemplate, TopicText


class MqttSource(MqttBroker):
    """Records that are published on topics, whole or value by value.

    Example:
        >>> plan = MqttSource(name="hplc", type="mqtt", host="h", topics=["lab/{instrument}/run"])
        >>> [template.filter for template in plan.templates], plan.address
        (['lab/+/run'], 'mqtt://h')
    """

    type: Literal["mqtt"] = Field(description="How the source speaks.")
    topics: list[TopicText] = Field(
        min_length=1,
        max_length=100,
        description="What is subscribed to. {instrument} and {recipe} in place of a level say "
        "so of the record, any other {name} is a value of it.",
    )
    qos: Literal[0, 1] = Field(
        default=1, description="1: nothing is lost while nobody reads; 0: it may be."
    )
    session_hours: float = Field(
        default=168.0,
        gt=0,
        le=87_600,
        description="For which the broker keeps what comes while nobody reads (version 5; else as "
        "the broker is set).",
    )
    payload: Literal["auto", "json", "scalar"] = Field(
        default="auto",
        description="json: a record, or a list of records; scalar: one value, as text; auto: json "
        "where it begins with { or [, else scalar.",
    )
    value_from: FieldPath | None = Field(
        default=None,
        examples=["value"],
        description="With join: where a JSON payload has the value; default: all of it.",
    )
    join: MqttJoin | None = Field(
        default=None, description="How values that come alone become records."
    )

    @model_validator(mode="after")
    def _topics_fit(self) -> Self:
        for one, two in combinations(self.templates, 2):
            if one.overlaps(two):
                raise PydanticCustomError(
                    "range",
                    "{said}",
                    {
                        "said": f"topics {one.text!r} and {two.text!r} overlap: a message of both "
                        "would come twice"
                    },
                )
        if (trigger := self.trigger) is not None:
            for one in self.templates:
                if one.overlaps(trigger) and not one.covers(trigger):
                    raise PydanticCustomError(
                        "range",
                        "{said}",
                        {
                            "said": f"the trigger {trigger.text!r} and the topic {one.text!r} "
                            "overlap: the topic must hold all of the trigger, or nothing"
                        },
                    )
        if self.value_from is not None and self.join is None:
            raise PydanticCustomError("range", "value_from is for values that are joined")
        return self

    @property
    def templates(self) -> list[TopicTemplate]:
        """``topics``, read."""
        return [TopicTemplate.parse(text) for text in self.topics]

    @property
    def trigger(self) -> TopicTemplate | None:
        """The trigger of ``join``, read."""
        text = self.join and self.join.trigger
        return TopicTemplate.parse(text) if text else None

    @property
    def filters(self) -> list[str]:
        """What is asked of the broker: each topic is in one of them at most."""
        templates, trigger = self.templates, self.trigger
        if trigger is not None and not any(other.covers(trigger) for other in templates):
            templates = [*templates, trigger]
        return [template.filter for template in templates]
