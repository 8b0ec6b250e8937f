"""Messages in the wire format of Confluent's serializers, as far as they are JSON."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping, Sequence

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.arrival import Arrival

from .form import Form
from .json_form import json_value
from .message import Message
from .schema_registry import SchemaRegistry


class ConfluentForm(Form):
    """A zero byte, the number of a schema, and JSON.

    The number is told in the address of what cannot be used. With a registry, units of the values
    are those that the schema says as ``unit``, ``units`` or ``x-unit`` of a property, and schemas
    of Avro and Protobuf are told by name.

    Args:
        registry: Of the schemas, if it can be asked.
        envelope: As of `Form`.

    Example:
        >>> import asyncio
        >>> value = bytes([0, 0, 0, 0, 9]) + b'{"x": 1}'
        >>> message = Message(topic="t", partition=0, offset=1, value=value, record_id="t/0/1")
        >>> asyncio.run(ConfluentForm().read(message))[0].address
        'kafka://t/0/1, schema 9'
    """

    def __init__(self, registry: SchemaRegistry | None = None, *, envelope: bool = False) -> None:
        super().__init__(envelope=envelope)
        self._registry = registry

    async def read(self, message: Message) -> Sequence[Arrival]:
        """One record, or several."""
        value = message.value or b""
        if len(value) < 5 or value[0] != 0:
            said = "a zero byte and the four bytes of a schema's number are due first"
            raise MessageError("no-schema-number", "", said)
        (number,) = struct.unpack(">I", value[1:5])
        units: Mapping[str, str] = {}
        if self._registry is not None:
            schema = await self._registry.schema(number)
            if schema.kind != "JSON":
                said = f"schema {number} is of {schema.kind}; JSON Schema is read here"
                raise MessageError("wrong-content", "", said)
            units = schema.units
        try:
            found = json_value(value[5:])
        except MessageError as error:
            said = (
                f"behind the number of schema {number} is no JSON ({error.text}); Avro and "
                "Protobuf are not read here"
            )
            raise MessageError("wrong-content", "", said) from None
        address = f"{message.address}, schema {number}"
        return [
            dataclasses.replace(one, address=one.address.replace(message.address, address, 1))
            for one in self.rows(message, found, units=units)
        ]


def looks_confluent(value: bytes) -> bool:
    """Whether bytes begin as this format does; no JSON begins with a zero byte."""
    return len(value) > 5 and value[0] == 0
