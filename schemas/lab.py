"""The lab file: which streams there are, what their columns mean, what each is promised."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .allowed import Schema, find, keys_of
from .errors import LabFileError
from .message import StreamName
from .misfits import find_misfits
from .problem import Problem
from .sources.kinds import SOURCES, read_sources
from .sources.source_plan import SourcePlan
from .stream_plan import StreamPlan
from .toml_places import Place, dotted, find_lines, line_of
from .translated import Found, translated


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

    sources: dict[StreamName, SourcePlan] = Field(
        default={}, alias="source", description="Where records come from, by name."
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
    def read(cls, path: Path | str, *, loose: bool = False) -> Lab:
        """The lab file at a path.

        Args:
            path: Of the file.
            loose: As of ``parse``.

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
        return cls.parse(text, source=str(path), loose=loose)

    @classmethod
    def parse(cls, text: str, source: str = "lab.toml", *, loose: bool = False) -> Lab:
        """The lab that a text declares.

        Args:
            text: TOML.
            source: What to call it in errors.
            loose: Whether sources may be there before their streams are, as while a lab file is
                being made.

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
        streams = data.get("stream")
        known = streams if isinstance(streams, Mapping) and not loose else None
        sources, faults = read_sources(data, known)
        lab: Lab | None
        problems: list[Found] = []
        try:
            if loose and set(data) == {"source"}:
                lab = cls.model_construct(streams={}, sources=sources)
            else:
                lab = cls.model_validate({**data, "source": sources})
        except ValidationError as error:
            lab, problems = None, list(translated(error, lab_schema()))
        problems = [*problems, *_misfits(data), *faults]
        if lab is None or problems:
            lines = find_lines(text)
            raise LabFileError(_placed(problems, source, lines))
        return lab


def _misfits(data: Mapping[str, Any]) -> Iterator[Found]:
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


def _placed(problems: list[Found], source: str, lines: Mapping[Place, int]) -> list[Problem]:
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


def lab_schema() -> Schema:
    """The JSON Schema of the lab file: what pydantic gives, and each type of source by its name."""
    schema = Lab.model_json_schema(by_alias=True)
    definitions = dict(schema["$defs"])
    known = []
    for kind, model in SOURCES.items():
        part = model.model_json_schema(by_alias=True)
        definitions |= part.pop("$defs", {})
        part["properties"]["type"]["const"] = kind
        definitions[model.__name__] = part
        known.append({"$ref": f"#/$defs/{model.__name__}"})
    definitions["SourcePlan"]["additionalProperties"] = True  # the keys of other types
    definitions["SourcePlan"]["properties"]["type"]["not"] = {"enum": list(SOURCES)}
    sources = schema["properties"]["source"]
    base = {"$ref": "#/$defs/SourcePlan"}
    entries = {form: {"anyOf": [*known, base]} for form in sources["patternProperties"]}
    properties = schema["properties"] | {"source": {**sources, "patternProperties": entries}}
    return {**schema, "$defs": definitions, "properties": properties}
