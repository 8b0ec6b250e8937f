"""Starts, tells, stops and kills the OPC UA server of the tests."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 180.0
SCRIPT = Path(__file__).with_name("opcua_server.py")


class OpcuaLab:
    """A server at one port, through all its restarts.

    Args:
        port: That is free.
        folder: For its log.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"opc.tcp://127.0.0.1:{port}/lab"
        self._port = port
        self._log = folder / "opcua-server.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> None:
        """Returns when it can be connected to."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(SCRIPT), "--port", str(self._port), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._answer("ready")

    def set(self, **changes: Any) -> None:
        """Change variables: a value, or (value, source time in seconds since 1970, status)."""
        full = {
            name: list(value) if isinstance(value, tuple) else [value, None, 0]
            for name, value in changes.items()
        }
        self.tell({"set": full})

    def tell(self, asked: dict[str, Any]) -> None:
        """Returns when the server has done it."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        self._answer("done")

    def stop(self) -> None:
        """It hangs from now on: its sockets stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It hangs no more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """``kill -9``; nothing if it does not run."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def _answer(self, due: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        # A line is short and written at once: what begins to be readable is whole.
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS)
        line = self._process.stdout.readline().strip() if ready else "nothing"
        if line != due:
            raise AssertionError(f"{due!r} was due, not {line!r}:\n{self._log.read_text()[-3000:]}")
