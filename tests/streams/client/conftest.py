"""A service that behaves badly, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from halflife import Lab
from tests.harness.push_server import PushServer

Client = Callable[..., Lab]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own environment is used."""
    monkeypatch.setenv("HALFLIFE_SPOOL", str(tmp_path / "spool"))
    monkeypatch.delenv("HALFLIFE_PUSH_TOKEN", raising=False)
    monkeypatch.delenv("HALFLIFE_PUSH_TOKEN_FILE", raising=False)


@pytest.fixture
def server() -> Iterator[PushServer]:
    served = PushServer()
    yield served
    served.stop()


@pytest.fixture
def client(server: PushServer) -> Iterator[Client]:
    """Makes clients of the server, impatient ones; they are closed at the end."""
    made: list[Lab] = []

    def make(url: str | None = None, **more: Any) -> Lab:
        options = {"longest_wait": 0.05, "request_seconds": 2.0, "instrument": "robot", **more}
        made.append(Lab(url or server.url, **options))
        return made[-1]

    yield make
    for lab in made:
        lab.close(5)
