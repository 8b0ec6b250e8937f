"""The schema registry of Confluent, asked for schemas by their number."""

from __future__ import annotations

import asyncio
import base64
import http.client
import urllib.request
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.error import HTTPError

import orjson

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.errors import SourceAway, SourceRefused

_SECONDS: Final = 5.0
_MOST_BYTES: Final = 1 << 20
_MOST_SCHEMAS: Final = 1000
_DEEPEST: Final = 8
_UNIT_KEYS: Final = ("unit", "units", "x-unit")


@dataclass(frozen=True, slots=True)
class KnownSchema:
    """What is used of a schema.

    Args:
        kind: ``JSON``, ``AVRO`` or ``PROTOBUF``.
        units: Of values, by dotted path.
    """

    kind: str
    units: Mapping[str, str] = field(default_factory=dict)


class SchemaRegistry:
    """Asks for a schema once, and remembers it: a number never gets another schema.

    Args:
        address: Of the registry, ``http://`` or ``https://``.
        username: If it wants to know who asks.
        password: Of that user.
    """

    def __init__(self, address: str, username: str | None = None, password: str = "") -> None:
        self._address = address.rstrip("/")
        self._headers = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
        if username is not None:
            known = base64.b64encode(f"{username}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {known}"
        self._known: OrderedDict[int, KnownSchema] = OrderedDict()

    async def schema(self, number: int) -> KnownSchema:
        """A schema by its number.

        Raises:
            MessageError: If the registry has none of that number, or it is none.
            SourceAway: If the registry does not answer.
            SourceRefused: If it does not let us in.
        """
        if number not in self._known:
            found = await asyncio.to_thread(self._asked, number)
            self._known[number] = found
            while len(self._known) > _MOST_SCHEMAS:
                self._known.popitem(last=False)
        return self._known[number]

    def _asked(self, number: int) -> KnownSchema:
        url = f"{self._address}/schemas/ids/{number}"
        request = urllib.request.Request(url, headers=self._headers)  # noqa: S310  # http or https: the plan
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # as above
                text = answer.read(_MOST_BYTES + 1)
        except HTTPError as error:
            with error:
                if error.code == 404:
                    said = f"the registry {self._address} has no schema {number}"
                    raise MessageError("unknown-schema", "", said) from None
                if error.code in {401, 403}:
                    raise SourceRefused(f"{self._address} does not let us in") from None
                raise SourceAway(f"{url} answered {error.code}") from None
        except (OSError, http.client.HTTPException) as error:
            raise SourceAway(f"{self._address} does not answer: {error}") from error
        if len(text) > _MOST_BYTES:
            raise MessageError("too-large", "", f"schema {number} has over {_MOST_BYTES:,} bytes")
        try:
            found = orjson.loads(text)
            kind = found.get("schemaType", "AVRO")
            units = units_of(orjson.loads(found["schema"])) if kind == "JSON" else {}
        except (ValueError, TypeError, KeyError, AttributeError):
            said = f"{url} did not answer with a schema"
            raise SourceAway(said) from None
        return KnownSchema(str(kind), units)


def units_of(schema: Any) -> dict[str, str]:
    """Units of the properties of a JSON Schema, by dotted path.

    Example:
        >>> units_of({"properties": {"t": {"properties": {"in": {"unit": "degC"}}}}})
        {'t.in': 'degC'}
    """
    found: dict[str, str] = {}
    todo: list[tuple[str, Any, int]] = [("", schema, 0)]
    while todo:
        path, part, depth = todo.pop()
        properties = part.get("properties") if isinstance(part, dict) else None
        if not isinstance(properties, dict) or depth >= _DEEPEST:
            continue
        for name, inner in properties.items():
            at = f"{path}.{name}" if path else str(name)
            if not isinstance(inner, dict):
                continue
            unit = next((inner[key] for key in _UNIT_KEYS if key in inner), None)
            if isinstance(unit, str) and unit:
                found[at] = unit
            todo.append((at, inner, depth + 1))
    return found
