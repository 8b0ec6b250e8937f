"""The walls between the rooms, and the numbers of the house."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from halflife.generators.generator import Generator
from halflife.generators.registry import GENERATORS
from halflife.monitors.detector import Detector
from halflife.monitors.fidelity import FIDELITY_PARTS
from halflife.monitors.pace_drift import PaceDrift
from halflife.monitors.registry import DETECTORS

ROOT = Path(__file__).parents[1]
ROOMS = ("schemas", "monitors", "generators", "streams")
FILES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LONGEST = 400

ALLOWED = {
    "schemas": ("halflife.schemas",),
    "monitors": ("halflife.monitors", "halflife.schemas.table"),
    "generators": ("halflife.generators", "halflife.schemas.table"),
    "streams": ("halflife",),
}
NEURAL = {
    ".".join(("halflife", *path.with_suffix("").parts))
    for path in FILES
    if path.parts[:2] == ("generators", "networks") and path.stem != "__init__"
}
"""Modules that import torch at their top; others import them inside functions."""

NUMPY_ONLY = {"table.py", "column.py", "law.py"}
"""What monitors and generators see of schemas: it works where there is no pydantic."""

SPEAKING = ("streams/commands/", "streams/demo/")


class Import(NamedTuple):
    """One imported module."""

    name: str
    line: int
    at_import: bool


def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(("halflife", *(parts[:-1] if parts[-1] == "__init__" else parts)))


def package_of(path: Path) -> str:
    return ".".join(("halflife", *path.parts[:-1]))


def imports_of(path: Path) -> Iterator[Import]:
    """All imports with absolute names, those in functions and for type checkers included."""
    tree = tree_of(path)
    late = {
        inner
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING")
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, node not in late)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package_of(path).split(".")[: -(node.level - 1) or None]
                base = ".".join([*above, *filter(None, [base])])
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, node not in late)


def under(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_rooms_import_only_what_their_walls_let_through() -> None:
    wrong = [
        f"{path}:{found.line} imports {found.name}"
        for path in FILES
        for found in imports_of(path)
        if under(found.name, ("halflife", *ROOMS)) and not under(found.name, ALLOWED[path.parts[0]])
    ]
    assert not wrong, "\n".join(wrong)


def test_torch_is_in_generators_alone_and_imported_when_used() -> None:
    wrong = []
    for path in FILES:
        for found in imports_of(path):
            heavy = under(found.name, ("torch", *NEURAL))
            allowed = path.parts[0] == "generators" and not found.at_import
            if heavy and not allowed and name_of(path) not in NEURAL:
                wrong.append(f"{path}:{found.line} imports {found.name}")
    assert not wrong, "\n".join(wrong)


def test_pydantic_is_in_schemas_alone_and_not_in_the_table() -> None:
    wrong = [
        f"{path}:{found.line}"
        for path in FILES
        for found in imports_of(path)
        if under(found.name, ("pydantic", "pydantic_core"))
        and (path.parts[0] != "schemas" or path.name in NUMPY_ONLY)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_pickled() -> None:
    """A pickle runs code when read. (Exceptions may have a `__reduce__`, to cross processes.)"""
    picklers = ("pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal")
    wrong = [
        f"{path}:{found.line} imports {found.name}"
        for path in FILES
        for found in imports_of(path)
        if under(found.name, picklers)
    ]
    wrong += [
        f"{path}:{node.value.lineno} allows pickles"
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.keyword)
        and node.arg == "allow_pickle"
        and ast.unparse(node.value) != "False"
    ]
    assert not wrong, "\n".join(wrong)


def test_only_commands_and_the_demo_talk_to_the_terminal() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in FILES
        if not path.as_posix().startswith(SPEAKING)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "click.echo"}
    ]
    assert not wrong, "\n".join(wrong)


def test_what_monitors_and_generators_load_is_light() -> None:
    """They work in a notebook: no Kafka, no Faust, no pydantic, no torch."""
    code = (
        "import halflife.monitors.registry, halflife.generators.registry, halflife.schemas.table\n"
        "import sys\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pydantic", "torch", "faust", "mode", "aiokafka", "kafka", "click", "rich", "pyarrow"}
    assert not heavy & set(done.stdout.split())


WATCH_IMPORTS = """
import contextlib, importlib, json, os, sys, threading

def world():
    sockets = [fd for fd in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{fd}")
               and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")]
    files = sorted(os.path.join(folder, name) for folder, folders, names in os.walk(".")
                   for name in (*folders, *names))
    return {"threads": sorted(thread.name for thread in threading.enumerate()),
            "sockets": sockets, "files": files, "environment": dict(os.environ)}

for name in json.loads(sys.argv[1]):
    with contextlib.suppress(ModuleNotFoundError):  # a name in a module, which is now imported
        importlib.import_module(name)
before, wrong = world(), []
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
    after = world()
    wrong += [f"{name} changes {key}" for key in before if before[key] != after[key]]
    before = after
print(json.dumps(wrong))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_nothing_happens_at_import(tmp_path: Path) -> None:
    """No thread, socket, file, or change of the environment; other people's libraries go first."""
    outside = {
        found.name
        for path in FILES
        for found in imports_of(path)
        if found.at_import and not under(found.name, ("halflife",))
    }
    names = [name_of(path) for path in FILES]
    done = subprocess.run(
        [sys.executable, "-c", WATCH_IMPORTS, json.dumps(sorted(outside)), json.dumps(names)],
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",  # as tests/conftest.py
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_no_file_is_too_long() -> None:
    tests = (path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
    lengths = {path: (ROOT / path).read_text("utf-8").count("\n") for path in (*FILES, *tests)}
    too_long = {str(path): length for path, length in lengths.items() if length > LONGEST}
    assert not too_long, f"more than {LONGEST} lines: {too_long}"


def test_every_public_name_says_what_it_is() -> None:
    silent = []
    for path in FILES:
        tree = tree_of(path)
        public = [tree, *(node for node in tree.body if is_public(node))]
        silent += [
            f"{path}:{getattr(node, 'lineno', 1)}"
            for node in public
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and not ast.get_docstring(node)
        ]
    assert not silent, "no docstring: " + ", ".join(silent)


def is_public(node: ast.stmt) -> bool:
    return not getattr(node, "name", "_").startswith("_")


@pytest.mark.parametrize(
    ("room", "base", "registry"),
    [("monitors", Detector, DETECTORS), ("generators", Generator, GENERATORS)],
)
def test_the_registry_knows_every_class_of_its_room(
    room: str, base: type, registry: dict[str, type]
) -> None:
    found = set()
    for path in FILES:
        if path.parts[0] == room and name_of(path) not in NEURAL:
            module = importlib.import_module(name_of(path))
            found |= {
                kind
                for kind in vars(module).values()
                if inspect.isclass(kind) and issubclass(kind, base) and not inspect.isabstract(kind)
            }
    found -= {PaceDrift}  # of arrival times alone: `Timing` feeds it
    assert found == set(registry.values())
    assert list(registry) == sorted(registry), "in alphabetical order"


def test_the_parts_of_fidelity_are_all_measured() -> None:
    files = {
        path.stem.removesuffix("_fidelity") for path in (ROOT / "monitors").glob("*_fidelity.py")
    }
    assert files == set(FIDELITY_PARTS)
