"""What can be sent, as OpenAPI 3.1, made of the schemas of the messages."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any, Final

from halflife.schemas.export import json_schemas
from halflife.schemas.lab import Lab

from .desk import ARROW, EVENT, EVENTS, JSON
from .gaps import INSTRUMENT, KEY_HEADER
from .limits import Limits

_RECORD: Final = {"$ref": "#/components/schemas/Record"}
_LEAVABLE: Final = ("record_id", "time", "instrument")
_STATUSES: Final = {
    "400": "The body as a whole cannot be read; nothing was written.",
    "401": "The token is not there, or another one.",
    "403": "There is no token, and the sender is none that needs none.",
    "408": "The body came too slowly.",
    "413": "The body is too large, as sent or as unpacked, or has too many records.",
    "415": "This content type, charset or content encoding is not known.",
    "421": "The worker does not answer under this name.",
    "429": "Too much at once: the same again after Retry-After seconds.",
    "503": "Kafka is away or slow: the same again after Retry-After seconds.",
}


def openapi(lab: Lab, limits: Limits, *, has_token: bool) -> dict[str, Any]:
    r"""The document.

    Args:
        lab: Whose streams and sources are named.
        limits: Of a request.
        has_token: Whether requests need one.

    Example:
        >>> lab = Lab.parse('[stream.a.column]\nx = { role = "measured" }')
        >>> document = openapi(lab, Limits(), has_token=True)
        >>> document["openapi"], sorted(document["paths"])
        ('3.1.0', ['/v1/records'])
    """
    sources = sorted(name for name, plan in lab.sources.items() if plan.type == INSTRUMENT)
    paths = {"/v1/records": {"post": _records(lab)}}
    if sources:
        paths["/v1/sources/{name}"] = {"post": _source(sources)}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Halflife: records over HTTP",
            "version": version("halflife"),
            "description": f"At most {limits.body:,} bytes and {limits.records:,} records in a "
            "request. An answer of 202 means that Kafka has the records.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": _schemas(lab, limits)},
    }
    if has_token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _schemas(lab: Lab, limits: Limits) -> dict[str, Any]:
    record = json.loads(json_schemas()["experiment-record.json"])
    del record["$schema"]
    record["required"] = [name for name in record["required"] if name not in _LEAVABLE]
    record["properties"]["stream"]["enum"] = sorted(lab.streams)
    event = {
        "type": "object",
        "description": "An event of CloudEvents 1.0. What its data do not say, id (record_id), "
        "time, source (instrument) and subject (stream) do.",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": {"const": "1.0"},
            **{name: {"type": "string", "minLength": 1} for name in ("id", "source", "type")},
            "subject": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"type": "string"},
            "data": {"description": "A record, or its values.", "type": "object"},
            "data_base64": {"type": "string", "contentEncoding": "base64"},
        },
    }
    return {
        "Record": record,
        "Event": event,
        "Accepted": {
            "type": "object",
            "required": ["accepted", "refused"],
            "properties": {
                "accepted": {"type": "integer", "minimum": 0, "maximum": limits.records},
                "refused": {"type": "array", "items": {"$ref": "#/components/schemas/Refused"}},
            },
        },
        "Refused": {
            "type": "object",
            "description": "A record that went to the dead letters.",
            "required": ["index", "reason", "path", "text"],
            "properties": {
                "index": {"type": "integer", "minimum": 0},
                **{name: {"type": "string"} for name in ("reason", "path", "text")},
            },
        },
        "Problem": {
            "type": "object",
            "required": ["title", "status", "detail", "reason"],
            "properties": {
                "status": {"type": "integer"},
                **{name: {"type": "string"} for name in ("title", "detail", "reason")},
            },
        },
    }


def _records(lab: Lab) -> dict[str, Any]:
    stream = {
        "name": "stream",
        "in": "query",
        "description": f"Stream of an Arrow body ({ARROW}); else it stands in the records.",
        "schema": {"type": "string", "enum": sorted(lab.streams)},
    }
    event = {"$ref": "#/components/schemas/Event"}
    content = {
        JSON: _one_or_many(_RECORD),
        "application/x-ndjson": {"schema": {"type": "string"}},
        ARROW: {"schema": {"type": "string", "format": "binary"}},
        EVENT: {"schema": event},
        EVENTS: {"schema": {"type": "array", "minItems": 1, "items": event}},
    }
    text = "One record, many, an Arrow IPC stream, or CloudEvents (also by ce-* headers)."
    return _operation("sendRecords", "Send records", text, [stream], content)


def _source(names: list[str]) -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True,
            "schema": {"type": "string", "enum": names}}  # fmt: skip
    content = {
        JSON: _one_or_many({"type": "object"}),
        "application/x-ndjson": {"schema": {"type": "string"}},
    }
    text = "JSON of the lab's own shape, as the lab file says to understand it."
    operation = _operation("sendToSource", "Send to a source", text, [name], content)
    operation["responses"]["404"] = _problem("There is no such source.")
    return operation


def _operation(
    name: str, summary: str, text: str, parameters: list[Any], content: dict[str, Any]
) -> dict[str, Any]:
    key = {
        "name": KEY_HEADER,
        "in": "header",
        "description": "Makes identities of records that have none: KEY-0, KEY-1, ...",
        "schema": {"type": "string", "pattern": "^[!#-~]{1,150}$"},
    }
    said = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Accepted"}}}}
    responses: dict[str, Any] = {
        "202": {"description": "Kafka has the accepted ones; the others are dead letters.", **said},
        "422": {"description": "Every record was refused; they are dead letters.", **said},
        **{status: _problem(text) for status, text in _STATUSES.items()},
    }
    for status in ("429", "503"):
        responses[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return {
        "operationId": name,
        "summary": summary,
        "description": text,
        "parameters": [*parameters, key],
        "requestBody": {"required": True, "content": content},
        "responses": responses,
    }


def _one_or_many(schema: dict[str, Any]) -> dict[str, Any]:
    many = {"type": "array", "minItems": 1, "items": schema}
    return {"schema": {"oneOf": [schema, many]}}


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}
