"""The lab file: which streams there are, what their columns mean, what each is promised."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .allowed import Schema, allowed, find, keys_of
from .errors import LabFileError
from .message import StreamName
from .misfits import find_misfits
from .near import did_you_mean
from .problem import Problem
from .stream_plan import StreamPlan
from .toml_places import Place, dotted, find_lines, line_of

_NAME_FORM: Final = (
    "lower-case letters, digits, '.', '_' and '-', the first a letter or digit, at most 64"
)
_LONGEST_VALUE: Final = 60


class Lab(BaseModel):
    """All that a lab declares, out of one TOML file.

    Example:
        >>> lab = Lab.parse('''
        ... [stream.opv]
        ... target = "degradation"
        ... [stream.opv.column]
        ... mat_1 = { role = "set-point", min = 0, max = 1 }
        ... degradation = { role = "measured", min = 0 }
        ... ''')
        >>> lab.streams["opv"].table.names
        ('mat_1', 'degradation')
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    streams: dict[StreamName, StreamPlan] = Field(
        alias="stream", min_length=1, description="The streams of the lab, by name."
    )

    @model_validator(mode="before")
    @classmethod
    def _name_streams(cls, data: Any) -> Any:
        """Tell each stream its name: in the file it is the key of its table."""
        streams = data.get("stream") if isinstance(data, Mapping) else None
        if not isinstance(streams, Mapping):
            return data
        named = {
            name: {**stream, "name": name} if isinstance(stream, Mapping) else stream
            for name, stream in streams.items()
        }
        return {**data, "stream": named}

    @classmethod
    def read(cls, path: Path | str) -> Lab:
        """The lab file at a path.

        Raises:
            LabFileError: With every problem of the file, each with its place.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            text = f"cannot be read: {error.strerror or error}"
            raise LabFileError([Problem(source=str(path), text=text)]) from error
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            said = f"byte {error.start} is not UTF-8; save the file as UTF-8"
            raise LabFileError([Problem(source=str(path), text=said, line=line)]) from error
        return cls.parse(text, source=str(path))

    @classmethod
    def parse(cls, text: str, source: str = "lab.toml") -> Lab:
        """The lab that a text declares.

        Args:
            text: TOML.
            source: What to call it in errors.

        Raises:
            LabFileError: With every problem of the text, each with its place.
        """
        try:
            data = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no TOML error
            raise LabFileError([Problem(source=source, text=f"is not TOML: {error}")]) from error
        if not data:
            said = "declares nothing; it needs at least one [stream.NAME]"
            raise LabFileError([Problem(source=source, text=said)])
        try:
            lab, problems = cls.model_validate(data), []
        except ValidationError as error:
            lab, problems = None, list(_translated(error))
        problems = [*problems, *_misfits(data)]
        if lab is None or problems:
            lines = find_lines(text)
            raise LabFileError(_placed(problems, source, lines))
        return lab


# A problem before its file and line are known: place, text, value, allowed.
_Found = tuple[Place, str, str, str]


def _translated(error: ValidationError) -> Iterator[_Found]:
    """The problems that pydantic found, in the words of the file."""
    schema = lab_schema()
    for problem in error.errors(include_url=False):
        place: Place = problem["loc"]
        value, kind = _shown(problem["input"]), problem["type"]
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


def _misfits(data: Mapping[str, Any]) -> Iterator[_Found]:
    streams = data.get("stream")
    for name, stream in streams.items() if isinstance(streams, Mapping) else ():
        if not isinstance(stream, Mapping):
            continue
        if "name" in stream:
            keys = keys_of(find(lab_schema(), ("stream", name)))
            said = "unknown key; the name of a stream stands in its header, [stream.NAME]"
            yield ("stream", name, "name"), said, "", ", ".join(keys)
        for misfit in find_misfits(stream):
            yield ("stream", name, *misfit.loc), misfit.text, misfit.value, misfit.allowed


def _placed(problems: list[_Found], source: str, lines: Mapping[Place, int]) -> list[Problem]:
    placed = [
        Problem(
            source=source,
            path=dotted(place),
            text=text,
            value=value,
            allowed=form,
            line=line_of(place, lines),
        )
        for place, text, value, form in problems
    ]
    return sorted(placed, key=lambda problem: problem.line or 0)


def _shown(value: Any) -> str:
    """A value as the file has it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float | list | dict) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def lab_schema() -> Schema:
    """The JSON Schema of the lab file, as pydantic gives it."""
    return Lab.model_json_schema(by_alias=True)
