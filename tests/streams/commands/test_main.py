"""The program as a whole: help, version, exit statuses, start-up."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import time
from typing import Any

import click
import pytest

from halflife.streams.commands.main import SECTIONS, command

HEAVY = {"numpy", "pandas", "pydantic", "rich", "scipy", "sklearn", "aiokafka", "kafka", "faust"}
NAMES = [name for section in SECTIONS.values() for name in section]


def test_the_help_is_one_screen(halflife: Any) -> None:
    said = halflife("--help")
    lines = said.out.splitlines()
    assert said.status == 0
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert all(f"  {name} " in said.out for name in NAMES)


def test_the_version_is_that_of_the_package(halflife: Any) -> None:
    said = halflife("--version")
    assert said.out == f"halflife {importlib.metadata.version('halflife')}\n"


def test_help_imports_nothing_heavy_and_takes_under_half_a_second() -> None:
    program = (
        "import sys\nfrom halflife.streams.commands.main import run\n"
        "status = run(['--help'])\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\nsys.exit(status)"
    )

    def once() -> float:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stderr.strip() == "[]"
        return time.perf_counter() - began

    assert min(once() for _ in range(5)) < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_there_with_its_help(name: str, halflife: Any) -> None:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    assert found.name == name
    said = halflife(name, "--help")
    assert said.status == 0
    assert said.out.startswith(f"Usage: halflife {name}")
    assert max(map(len, said.out.splitlines())) <= 80


def test_a_misspelt_command_is_told_what_was_meant(halflife: Any) -> None:
    said = halflife("sythesize")
    assert said.status == 2
    assert "did you mean 'synthesize'?" in said.err


def test_no_command_at_all_shows_the_help(halflife: Any) -> None:
    said = halflife()
    assert said.status == 2
    assert "Usage: halflife" in said.out + said.err


def test_an_error_that_nobody_expects_leaves_a_traceback(
    halflife: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command("broken")
    def broken() -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(command, "get_command", lambda *_: broken)
    said = halflife("broken")
    assert said.status == 1
    assert "Traceback" in said.err
    assert "a fault of ours" in said.err


def test_output_into_a_closed_pipe_is_no_error_worth_a_traceback() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m halflife.streams.commands.main --help | true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
