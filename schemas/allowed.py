"""What may stand under a key, in words, out of the JSON Schema of the file.

The schema is generated from the models, so the error texts, the tables of the documentation and
the check itself cannot contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


def find(schema: Schema, loc: Sequence[str | int]) -> Schema:
    """The part of a JSON Schema that speaks of a place of the file; empty where none does.

    Args:
        schema: Of the whole file, with its ``$defs``.
        loc: Keys and list indices from the top.

    Example:
        >>> find({"properties": {"a": {"items": {"type": "integer"}}}}, ["a", 3])
        {'type': 'integer'}
    """
    part: Schema = _resolve(schema, schema)
    for step in loc:
        part = _resolve(schema, _step(part, step))
    return part


def allowed(schema: Schema, loc: Sequence[str | int] = ()) -> str:
    """What may stand at a place, as a chemist would say it.

    Args:
        schema: Of the whole file, with its ``$defs``.
        loc: Keys and list indices from the top.

    Example:
        >>> allowed({"type": "number", "exclusiveMinimum": 0, "maximum": 1})
        'a number above 0 and at most 1'
        >>> allowed({"properties": {"on_drift": {"enum": ["regenerate", "ask"]}}}, ["on_drift"])
        "'regenerate' or 'ask'"
    """
    part = find(schema, loc)
    if "enum" in part:
        return _either([repr(value) for value in part["enum"]])
    kind = part.get("type")
    if kind in ("integer", "number"):
        return _number(part)
    if kind == "string":
        return _text(part)
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        return f"a list, each entry {allowed(schema, (*loc, 0))}"
    return _table(schema, loc)


def keys_of(schema: Schema) -> list[str]:
    """The keys that a table may have; none where the user names them."""
    return list(schema.get("properties", {}))


def _step(part: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        found = part.get("items")
    else:
        found = part.get("properties", {}).get(step) or _entry(part)
    return found if isinstance(found, Mapping) else {}


def _entry(part: Schema) -> Any:
    """What stands under the keys of a table that the user names."""
    return next(iter(part.get("patternProperties", {}).values()), part.get("additionalProperties"))


def _text(part: Schema) -> str:
    if "examples" in part:
        return f"a text such as {_either([repr(value) for value in part['examples']])}"
    if "pattern" in part:
        return f"a text of the form {part['pattern']}"
    return "a path" if part.get("format") == "path" else "a text"


def _resolve(schema: Schema, part: Schema) -> Schema:
    """Follow a reference, and leave out null: TOML and the environment have none."""
    if "$ref" in part:
        part = {**schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], **part}
        part = {key: value for key, value in part.items() if key != "$ref"}
    if "anyOf" in part:
        some = [option for option in part["anyOf"] if option.get("type") != "null"]
        outer = {key: value for key, value in part.items() if key != "anyOf"}
        part = {**_resolve(schema, some[0]), **outer}
    return part


def _table(schema: Schema, loc: Sequence[str | int]) -> str:
    part = find(schema, loc)
    if keys := keys_of(part):
        return f"a table with {', '.join(keys)}"
    if _entry(part):
        return f"a table, each entry {allowed(schema, (*loc, 'entry'))}"
    return "a table"


def _number(part: Schema) -> str:
    words = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    noun = "a whole number" if part["type"] == "integer" else "a number"
    bounds = " and ".join(f"{word} {part[key]}" for key, word in words.items() if key in part)
    return f"{noun} {bounds}" if bounds else noun


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
