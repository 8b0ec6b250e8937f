"""The examples of the client's page run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.push_server import PushServer

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "streams/connectors/docs/client.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
MEASURE = "def measure(x):\n    return 1 - x\n"
LOOP = [{"mat_1": x, "degradation": 1 - x} for x in (0.1, 0.2, 0.3)]
ARRIVES = [
    [{"mat_1": 0.2, "degradation": 0.5}],
    LOOP,
    LOOP,
    [{"mat 1": 0.2, "recipe": "columns may be called anything"}],
]


@pytest.mark.parametrize(("block", "arrives"), [*zip(BLOCKS, ARRIVES, strict=True)])
def test_examples_arrive(server: PushServer, block: str, arrives: list[dict[str, object]]) -> None:
    """As programs of their own, which just end."""
    assert "http://127.0.0.1:8602" in block
    program = MEASURE + block.replace("http://127.0.0.1:8602", server.url)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [record["values"] for record in server.records] == arrives
    if "print" in block:
        assert done.stdout == "True 1 0 \n"


def test_three_lines_are_three() -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line]) == 3


def test_every_argument_of_the_client_is_told() -> None:
    import inspect

    from halflife import Lab

    told = set(re.findall(r"^\| `?(\w+)`? \|", PAGE, re.MULTILINE))
    assert set(inspect.signature(Lab).parameters) <= told
    assert {"stream", "recipe", "time", "record_id"} <= told


LIGHT = """
import sys
before = set(sys.modules)
from halflife import Lab
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_importing_it_is_light(tmp_path: Path) -> None:
    """The standard library alone, and not its slow parts; how long it takes, the benchmark says."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    new = set(done.stdout.split())
    assert "sqlite3" in new
    assert new - {"halflife"} <= sys.stdlib_module_names
    assert not {"http", "ssl", "email", "asyncio", "ctypes", "multiprocessing", "inspect"} & new
