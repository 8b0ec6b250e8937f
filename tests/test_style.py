"""The linter and the type checker, as strict as pyproject.toml says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_ruff_has_nothing_to_say(command):
    run("ruff", *command, ".")


def test_mypy_has_nothing_to_say():
    links = ROOT / "build" / "links" / "halflife"
    links.mkdir(parents=True, exist_ok=True)
    for room in ("schemas", "monitors", "generators", "streams"):
        link = links / room
        if not link.is_symlink():
            link.symlink_to(ROOT / room)
    for name in ("__init__.py", "py.typed"):
        link = links / name
        if not link.is_symlink():
            link.symlink_to(ROOT / "streams" / "package" / name)
    run("mypy")
