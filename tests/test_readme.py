"""What the README tells is so: commands, rooms, topics, metrics, links, lab file, example."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from halflife.schemas.lab import Lab
from halflife.schemas.messages import MESSAGES, ExperimentRecord
from halflife.schemas.sources.kinds import SOURCES
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.commands.main import SECTIONS
from tests.harness.metric_names import metric_names

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
WORKERS = (ROOT / "streams" / "README.md").read_text("utf-8")
PAGES = (
    "README.md",
    "CHANGELOG.md",
    ".github/CONTRIBUTING.md",
    "schemas/README.md",
    "streams/README.md",
    "generators/README.md",
    "deploy/README.md",
    "streams/connectors/README.md",
    *(
        f"streams/connectors/docs/{page.name}"
        for page in sorted((ROOT / "streams/connectors/docs").glob("*.md"))
    ),
)


def table(heading: str, page: str = README) -> list[list[str]]:
    """Cells of the rows of the table that begins with this heading cell."""
    lines = page.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len(found) == 1, f"one block of {language}"
    return str(found[0])


def test_commands_are_those_of_the_help() -> None:
    told = [(cells[0], cells[1]) for cells in table("command")]
    there = [
        (f"`halflife {name}`", does) for part in SECTIONS.values() for name, does in part.items()
    ]
    assert told == there


def test_rooms_are_the_folders_at_the_top() -> None:
    told = {cells[0].strip("`") for cells in table("room")}
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    there = {line.partition("/")[0] for line in listed.stdout.splitlines() if "/" in line}
    assert told == {name for name in there if not name.startswith(".")}


def test_the_source_of_the_readme_is_in_order() -> None:
    (source,) = re.findall(r"```\n(\[source\.reactor\].*?)```", README, re.DOTALL)
    plan = Lab.parse(block("toml") + source).sources["reactor"]
    assert plan.columns["temperature"].unit == "degC"
    (listed,) = re.findall(r'type = "mqtt" +# or: (.*), your own', source)
    assert {"mqtt", *listed.split(", ")} == {*SOURCES}


def test_topics_and_their_messages_are_those_of_the_plan() -> None:
    told = {
        cells[0].strip("`"): set(re.findall(r"`(\w+)`", cells[1]))
        for cells in table("topic", WORKERS)
    }
    there: dict[str, set[str]] = {name: set() for name in TopicPlan.with_prefix("halflife").names}
    for message in MESSAGES:
        there[f"halflife.{message.topic}"].add(message.__name__)
    assert told == there


def test_metrics_are_those_that_workers_tell() -> None:
    rows = table("metric", WORKERS)
    told = {cells[0].strip("`"): set(filter(None, cells[1].split(", "))) for cells in rows}
    there = metric_names()
    assert told == there


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    lost = [
        target
        for target in targets
        if not target.startswith("http") and not (ROOT / page).parent.joinpath(target).exists()
    ]
    assert not lost


def test_the_lab_file_is_in_order_and_the_record_is_of_it() -> None:
    lab = Lab.parse(block("toml"))
    record = ExperimentRecord.model_validate(json.loads(block("json")))
    assert set(record.values) <= set(lab.streams[record.stream].table.names)


def test_the_notebook_says_what_is_printed() -> None:
    parser = doctest.DocTestParser()
    example = parser.get_doctest(block("python"), {}, "README.md", "README.md", 0)
    told: list[str] = []
    runner = doctest.DocTestRunner()
    runner.run(example, out=told.append)
    assert not runner.failures, "".join(told)


def test_make_targets_are_documented_and_real() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        named = set(re.findall(r"`(?:UV_TORCH_BACKEND=cpu )?make ([a-z]+)", text))
        assert named <= targets, page


def test_the_changelog_has_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
