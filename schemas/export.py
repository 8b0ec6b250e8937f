"""Writes what is generated from the models: JSON Schemas, and the tables of ``schemas/README.md``.

``make schemas`` (``python -m halflife.schemas.export``) writes it all again; a test compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from .allowed import Schema, allowed, find, keys_of
from .lab import lab_schema
from .messages import MESSAGES
from .settings import settings_table
from .sources.kinds import SOURCES
from .sources.source_plan import SourcePlan

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_CODE_SECTIONS: Final = re.compile(
    r"\n\s*\n(Args|Attributes|Example|Raises|Returns|Source):.*", re.S
)
_KEYS: Final = {
    "stream": ("stream", "NAME"),
    "column": ("stream", "NAME", "column", "COLUMN"),
    "law": ("stream", "NAME", "law", 0),
    "process": ("stream", "NAME", "process"),
    "process.column": ("stream", "NAME", "process", "column", "COLUMN"),
}


def json_schemas() -> dict[str, str]:
    """JSON Schema (2020-12) of every message and of the lab file, by file name."""
    schemas = {_file_name(model.__name__): model.model_json_schema() for model in MESSAGES}
    schemas["lab.json"] = {**lab_schema(), "title": "Lab file of Halflife"}
    return {
        name: json.dumps({"$schema": DIALECT, **_for_readers(schema)}, indent=2) + "\n"
        for name, schema in sorted(schemas.items())
    }


def keys_table() -> str:
    """All keys of the lab file as a Markdown table: key, what it is, what is allowed, default."""
    schema = lab_schema()
    rows = ["| key | what it is | allowed | default |", "|---|---|---|---|"]
    for table, place in _KEYS.items():
        rows += _key_rows(schema, place, table)
    sources = SourcePlan.model_json_schema(by_alias=True)
    common = keys_of(sources)
    rows += _key_rows(sources, (), "source")
    rows += _key_rows(sources, ("column", "COLUMN"), "source.column")
    for kind, model in SOURCES.items():
        rows += _key_rows(model.model_json_schema(by_alias=True), (), f"{kind} source", but=common)
    return "\n".join(rows) + "\n"


def _key_rows(
    schema: Schema, place: Sequence[str | int], table: str, *, but: Sequence[str] = ()
) -> list[str]:
    """A row for each key of one table of the lab file."""
    rows = []
    part = find(schema, place)
    for key in keys_of(part):
        if key in but:
            continue
        field = find(schema, (*place, key))
        default = field.get("default")
        shown = "**required**" if key in part.get("required", []) else f"`{json.dumps(default)}`"
        shown = "" if default in (None, "", {}) and shown[0] == "`" else shown
        form = allowed(schema, (*place, key)).replace("|", "\\|")
        rows.append(f"| `{table}.{key}` | {field['description']} | {form} | {shown} |")
    return rows


def readme(text: str) -> str:
    """The text of ``schemas/README.md`` with its generated tables made anew.

    Args:
        text: With the tables between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.

    Raises:
        ValueError: For a text without the marks.
    """
    for name, table in (("keys", keys_table()), ("settings", settings_table())):
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"no {begin.strip()} ... {end} in the text")
        text = f"{head}{begin}{table}{end}{tail}"
    return text


def write(folder: Path) -> None:
    """Write all of it into the room's folder.

    Args:
        folder: That holds ``README.md`` and ``json/``.
    """
    schemas = json_schemas()
    (folder / "json").mkdir(exist_ok=True)
    for path in sorted((folder / "json").glob("*.json")):
        if path.name not in schemas:
            path.unlink()
    for name, text in schemas.items():
        (folder / "json" / name).write_text(text, encoding="utf-8")
    page = folder / "README.md"
    page.write_text(readme(page.read_text(encoding="utf-8")), encoding="utf-8")


def _for_readers(part: Any) -> Any:
    """A schema without what only readers of the Python source can use."""
    if isinstance(part, list):
        return [_for_readers(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _for_readers(value) for key, value in part.items()}
    if isinstance(kept.get("description"), str):
        text = _CODE_SECTIONS.sub("", kept["description"])
        kept["description"] = re.sub(r"\s+", " ", text).replace("``", "`")
    if "patternProperties" in kept:
        # Here a key of another form is an error, which pydantic's schema leaves open.
        kept["additionalProperties"] = False
        kept.pop("propertyNames", None)
    if isinstance(kept.get("properties"), dict):
        for field in kept["properties"].values():
            if not isinstance(field, dict):  # this is a field that is called "properties"
                continue
            field.pop("title", None)  # pydantic's "On Drift" says no more than the key on_drift
            if field.get("default", 0) is None:
                del field["default"]  # an absent key; TOML has no null
    return kept


def _file_name(model: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", model).lower() + ".json"


if __name__ == "__main__":
    write(Path(__file__).parent)
