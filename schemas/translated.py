"""What pydantic found wrong in a table of the lab file, in the words of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from .allowed import Schema, allowed, find, keys_of
from .near import did_you_mean
from .toml_places import Place

_NAME_FORM: Final = (
    "lower-case letters, digits, '.', '_' and '-', the first a letter or digit, at most 64"
)
_LONGEST_VALUE: Final = 60

# A problem before its file and line are known: place, text, value, allowed.
Found = tuple[Place, str, str, str]


def translated(error: ValidationError, schema: Schema) -> Iterator[Found]:
    """The problems that pydantic found, in the words of the file.

    Args:
        error: Of a model.
        schema: JSON Schema of that model, by alias.
    """
    for problem in error.errors(include_url=False):
        place: Place = problem["loc"]
        value, kind = shown(problem["input"]), problem["type"]
        if place[-1:] == ("[key]",):
            is_stream = len(place) == 3
            form = _NAME_FORM if is_stream else "any text that is not empty"
            yield place[:-1], f"is no name of a {'stream' if is_stream else 'column'}", "", form
        elif kind == "extra_forbidden":
            keys = keys_of(find(schema, place[:-1]))
            near = did_you_mean(str(place[-1]), keys)
            yield place, f"unknown key{near}", "", ", ".join(keys)
        elif kind == "missing":
            yield place, "is missing", "", allowed(schema, place)
        elif kind == "misfit" or place[2:] == ("name",):
            continue  # _misfits tells them one by one; a wrong name is told of its key
        elif kind in ("law", "range"):
            yield place, problem["msg"], "", ""
        elif kind in ("duration", "false_alarms"):
            yield place, problem["msg"], value, allowed(schema, place)
        else:
            yield place, _wrong(kind), value, allowed(schema, place)


def _wrong(kind: str) -> str:
    """What is wrong with a value, by pydantic's word for it."""
    if kind.endswith("_type"):
        return "has the wrong type"
    return {
        "finite_number": "is not finite",
        "too_short": "is empty",
        "string_too_short": "is empty",
    }.get(kind, "is not allowed")


def shown(value: Any) -> str:
    """A value as the file has it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float | list | dict) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
