"""The committed JSON Schemas and tables are what the models say."""

import json
from pathlib import Path

import pytest

from halflife.schemas.export import json_schemas, keys_table, readme, write
from halflife.schemas.lab import Lab
from halflife.schemas.messages import MESSAGES
from halflife.schemas.settings import Settings, settings_table
from halflife.schemas.stream_plan import StreamPlan

ROOM = Path(__file__).parents[2] / "schemas"
AGAIN = "generated files are out of date; say: make schemas"


def test_committed_schemas_are_those_of_the_models():
    committed = {path.name: path.read_text() for path in (ROOM / "json").glob("*.json")}
    assert committed == json_schemas(), AGAIN


def test_tables_of_the_readme_are_those_of_the_models():
    page = (ROOM / "README.md").read_text()
    assert page == readme(page), AGAIN


def test_every_message_and_the_lab_file_have_a_schema():
    assert len(json_schemas()) == len(MESSAGES) + 1
    for name, text in json_schemas().items():
        schema = json.loads(text)
        assert schema["$schema"].endswith("2020-12/schema"), name
        assert schema["title"], name


def test_every_field_is_described():
    def fields(part):
        if isinstance(part, dict):
            yield from part.get("properties", {}).items()
            for key, value in part.items():
                # A field may be called "properties": then the table of fields is no schema.
                yield from fields(list(value.values()) if key == "properties" else value)
        elif isinstance(part, list):
            for value in part:
                yield from fields(value)

    for name, text in json_schemas().items():
        for field, schema in fields(json.loads(text)):
            assert schema.get("description"), f"{name}: {field}"


def test_tables_list_every_key():
    table = keys_table()
    for name, field in StreamPlan.model_fields.items():
        assert f"`stream.{field.alias or name}`" in table or name == "name"
    for name in Settings.model_fields:
        assert f"`HALFLIFE_{name.upper()}`" in settings_table()


def test_readme_names_every_message():
    page = (ROOM / "README.md").read_text()
    for model in MESSAGES:
        assert f"`{model.__name__}" in page, model
        assert f"`halflife.{model.topic}`" in page, model


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="begin keys"):
        readme("# nothing here\n")


def test_write_makes_the_files_again_and_removes_what_is_no_more(tmp_path):
    (tmp_path / "README.md").write_text((ROOM / "README.md").read_text())
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "gone.json").write_text("{}")
    write(tmp_path)
    written = {path.name: path.read_text() for path in (tmp_path / "json").iterdir()}
    assert written == json_schemas()


def test_lab_schema_speaks_the_language_of_the_file():
    schema = json.loads(json_schemas()["lab.json"])
    stream = schema["$defs"]["StreamPlan"]["properties"]
    assert "name" not in stream, "the name stands in the header"
    defaults = {key: field["default"] for key, field in stream.items() if "default" in field}
    text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in defaults.items())
    lab = Lab.parse(f"[stream.a]\n{text}\ncolumn.y = {{ role = 'measured' }}\n")
    plain = Lab.parse("[stream.a]\ncolumn.y = { role = 'measured' }\n")
    assert lab == plain, "a default as documented is the default"
