"""Topics in which a lab has its measurements already."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from halflife.schemas.errors import LabFileError
from halflife.schemas.problem import Problem
from halflife.schemas.secret_file import secret_text
from halflife.schemas.sources.kafka_source import KafkaSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.surroundings import Surroundings

from .arrow_form import ARROW, ArrowForm
from .cloud_events_form import CloudEventsForm
from .confluent_form import ConfluentForm, looks_confluent
from .form import Form
from .json_form import JsonForm
from .message import Message
from .schema_registry import SchemaRegistry
from .template import Template
from .topic_connector import TopicConnector


class KafkaConnector(TopicConnector[KafkaSource]):
    """Reads JSON, CloudEvents, Arrow, and Confluent's JSON out of other people's topics."""

    def __init__(self, plan: KafkaSource, surroundings: Surroundings) -> None:
        super().__init__(plan, surroundings)
        paths = [plan.time_from, plan.id_from, plan.instrument_from, plan.recipe_from]
        paths += [one.path for one in plan.columns.values()]
        begins = {path.partition(".")[0] for path in paths if path}
        envelope = "kafka" in begins
        self._forms: dict[str, Form] = {
            "json": JsonForm(envelope=envelope),
            "cloudevents": CloudEventsForm(attributes="ce" in begins, envelope=envelope),
            "arrow": ArrowForm(envelope=envelope),
            "confluent": ConfluentForm(_registry(plan), envelope=envelope),
        }
        self._template = Template(plan.template_parts)

    async def arrivals(self, message: Message) -> Sequence[Arrival]:
        """The records in a message of the plan's form, with what the name of its topic says."""
        kind = self.plan.format
        found = await self._forms[form_of(message) if kind == "auto" else kind].read(message)
        said = self._template.fields(message.topic)
        if not said:
            return found
        recipe, instrument = said.pop("recipe", None), said.pop("instrument", None)
        return [
            dataclasses.replace(
                one,
                values={**said, **one.values} if said else one.values,
                instrument=instrument or one.instrument,
                recipe=recipe or one.recipe,
            )
            for one in found
        ]


def form_of(message: Message) -> str:
    """What the headers of a message say that it is; JSON, if they do not.

    Example:
        >>> form_of(Message(topic="t", partition=0, offset=0, value=b"{}", record_id="0"))
        'json'
    """
    content = message.header("content-type").partition(";")[0].strip().lower()
    if content.startswith("application/cloudevents") or message.header("ce_specversion"):
        return "cloudevents"
    if content == ARROW:
        return "arrow"
    return "confluent" if looks_confluent(message.value or b"") else "json"


def _registry(plan: KafkaSource) -> SchemaRegistry | None:
    if plan.registry is None:
        return None
    password, path = "", plan.registry_password_file
    if path is not None:
        try:
            password = secret_text(path)
        except ValueError as error:
            place = f"source.{plan.name}.registry_password_file"
            raise LabFileError([Problem(path=place, value=str(path), text=str(error))]) from error
    return SchemaRegistry(plan.registry, plan.registry_username, password)
