"""The connector of the documentation, installed as its reader would, and read by a real worker."""

from __future__ import annotations

import re
import socketserver
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Serve

PAGE = Path(__file__).parents[3] / "streams" / "connectors" / "docs" / "own.md"


def snippet(language: str, which: int = 0) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    return found[which]


class Handler(socketserver.StreamRequestHandler):
    """A balance: each caller hears three readings, the second of which makes no sense."""

    def handle(self) -> None:
        self.wfile.write(b"MASS;23.5 g\nMASS;2 furlong\nMASS;24.5 g\n")
        self.server.hang_up.wait(60)  # type: ignore[attr-defined]  # ours


@pytest.fixture
def balance() -> Iterator[int]:
    """The port of one."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.hang_up = threading.Event()  # type: ignore[attr-defined]  # for its handlers
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.hang_up.set()  # type: ignore[attr-defined]  # as above
        server.shutdown()
        thread.join()


def test_the_example_is_short_and_works(serve: Serve, tmp_path: Path, balance: int) -> None:
    code = snippet("python")
    assert sum(bool(line) for line in code.splitlines()) <= 33
    project = tomllib.loads(snippet("toml"))["project"]
    (points,) = project["entry-points"].items()
    site = tmp_path / "site"
    info = site / f"lab_balance-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (site / "lab_balance.py").write_text(code)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    entries = "".join(f"{name} = {value}\n" for name, value in points[1].items())
    (info / "entry_points.txt").write_text(f"[{points[0]}]\n{entries}")
    lab = snippet("toml", 1).replace("192.168.1.17", "127.0.0.1").replace("4001", str(balance))
    service, written = serve(lab, PYTHONPATH=str(site))
    worker = service.start("connect", "one")
    records = written.wait_for_records(2)
    assert [record["values"]["mass"] for record in records] == pytest.approx([0.0235, 0.0245])
    written.wait_until(written.letters)
    (letter,) = written.letters()
    assert (letter.reason, letter.source, letter.value) == ("unit", "weighing", b"MASS;2 furlong\n")
    worker.kill()
    service.start("connect", "one")
    written.wait_for_records(4)
    assert set(written.ids()) == {f"balance-{i}" for i in (1, 3, 4, 6)}
