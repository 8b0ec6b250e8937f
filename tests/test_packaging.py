"""The wheel holds all of the rooms and nothing else, and works from an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("schemas", "monitors", "generators", "streams")
TRAVELS = {".py", ".typed", ".lock", ".toml", ".html", ".css", ".js", ".svg", ".json"}
STAYS = {
    path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.md")
}
"""Pages for people stay with the source code."""

LAB = """
[stream.spring]
[stream.spring.column]
force = { role = "set-point", unit = "N" }
stretch = { role = "measured", unit = "mm" }
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def sources() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves a folder behind that the next wheel would pick up."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    for room in ROOMS:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    build = ("build", "--offline", "--no-build-isolation", "--wheel", "--out-dir", folder, tree)
    uv(*build, "--python", sys.executable)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def halflife(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The installed program, run in an empty folder.

    Its environment has the wheel and, by a path file, our dependencies; path files of theirs, and
    with them the editable installation of this checkout, are not followed.
    """
    home = tmp_path_factory.mktemp("home")
    environment = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    uv("pip", "install", "--offline", "--no-deps", "--python", environment / "bin/python", wheel)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(*words: str, program: str = "halflife") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment / "bin" / program, *words],
            cwd=home,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "COLUMNS": "80"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def uv(*words: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *words],
        env=os.environ | {"UV_NO_PROGRESS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_file_of_a_new_kind_is_noticed() -> None:
    others = {name for name in sources() if Path(name).suffix not in TRAVELS}
    assert others == STAYS, "say in pyproject.toml (package-data) and here whether it travels"


def test_the_wheel_has_the_files_of_the_rooms_and_no_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert (
            "halflife = halflife.streams.commands.main:main" in archive.read(entry_points).decode()
        )
    assert names == {f"halflife/{name}" for name in sources() - STAYS}


def test_the_program_runs_from_an_empty_folder(halflife: Run) -> None:
    done = halflife("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "synthesize" in done.stdout
    assert halflife("--version").stdout.startswith("halflife 0.")


def test_it_is_the_wheel_that_runs(halflife: Run) -> None:
    code = "import halflife.schemas.table as table; print(table.__file__)"
    assert (
        "/site-packages/halflife/schemas/table.py" in halflife("-c", code, program="python").stdout
    )


def test_what_is_read_beside_the_code_is_there(halflife: Run) -> None:
    code = """
from importlib.resources import files
import json
from halflife.streams.broker.jar_lock import JarLock
print(json.dumps([
    len(JarLock.read().sums),
    (files("halflife.streams.demo") / "lab.toml").is_file(),
    (files("halflife.streams.monitor.page") / "static" / "index.html").is_file(),
    (files("halflife.schemas") / "json" / "lab.json").is_file(),
]))
"""
    done = halflife("-c", code, program="python")
    assert done.returncode == 0, done.stderr
    jars, *there = json.loads(done.stdout)
    assert jars > 0
    assert all(there)


def test_a_batch_is_made_offline(halflife: Run, tmp_path: Path) -> None:
    rows = "\n".join(f"{force},{2 * force + force % 3}" for force in range(1, 101))
    (tmp_path / "train.csv").write_text(f"force,stretch\n{rows}\n")
    (tmp_path / "lab.toml").write_text(LAB)
    done = halflife(
        *("synthesize", str(tmp_path / "train.csv"), "--lab", str(tmp_path / "lab.toml")),
        *("--rows", "50", "--seed", "1", "--out", str(tmp_path / "synthetic.csv")),
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "synthetic.csv").read_text().splitlines()
    assert lines[0] == "force,stretch"
    assert len(lines) == 51
