"""A SiLA 2 server for tests: a counter with what belongs to it, and a journal of what happened.

``python -m tests.harness.sila_server PORT JOURNAL RATE SECURE``
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from .ports import free_port
from .service import wait_until

FEATURE: Final = Path(__file__).with_name("Oven.sila.xml")


class SilaProcess:
    """The server as a process of its own; it ignores SIGTERM, and is killed.

    Args:
        journal: Each count and when it was published, in nanoseconds since 1970, before it is.
        rate: Counts a second.
        is_secure: Whether it makes a certificate of its own; that is in `certificate` then.
    """

    def __init__(self, journal: Path, *, rate: float = 20.0, is_secure: bool = False) -> None:
        self.journal = journal
        self.certificate = journal.with_suffix(".pem")
        self.process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._arguments = [str(self.port), str(journal), str(rate), str(int(is_secure))]

    @property
    def happened(self) -> dict[int, int]:
        """Each count, with its time."""
        if not self.journal.exists():
            return {}
        lines = self.journal.read_text().rpartition("\n")[0].splitlines()
        return {int(line.split()[0]): int(line.split()[1]) for line in lines}

    def start(self) -> None:
        """Starts it; it goes on counting where its journal ends."""
        before = len(self.happened)
        with self.journal.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.sila_server", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        log_file = self.journal.with_suffix(".log")

        def counts() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, log_file.read_text()[-3000:]
            return len(self.happened) > before

        wait_until(counts, 60, lambda: log_file.read_text()[-3000:])

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()


def _serve(port: int, journal: Path, rate: float, is_secure: bool) -> None:
    from sila2.framework import Feature
    from sila2.server import FeatureImplementationBase, SilaServer

    class Oven(FeatureImplementationBase):
        """What the generator of code would make, by hand."""

        def __init__(self, server: Any) -> None:
            super().__init__(server)
            from queue import Queue

            for name in ("Count", "Temperature", "Chamber", "Trace"):
                setattr(self, f"_{name}_producer_queue", Queue())
                setattr(self, f"{name}_on_subscription", lambda **_: None)

        def get_Maker(self, **_: Any) -> str:  # noqa: N802  # the name of the property
            return "us"

        def publish(self, name: str, value: Any) -> None:
            getattr(self, f"_{name}_producer_queue").put(value)

    server = SilaServer(
        "Oven",
        "Oven",
        "An oven",
        "1.0",
        "https://example.org",
        "082bc5dc-18ae-4e17-b028-6115bbc6d21e",
    )
    oven = Oven(server)
    server.set_feature_implementation(Feature(str(FEATURE)), oven)
    lines = journal.read_text().splitlines() if journal.exists() else []
    number = int(lines[-1].split()[0]) if lines else 0
    if is_secure:
        from sila2.server.encryption import generate_self_signed_certificate

        key, certificate = generate_self_signed_certificate(server.server_uuid, "127.0.0.1")
        journal.with_suffix(".pem").write_bytes(certificate)
        server.start("127.0.0.1", port, key, certificate, enable_discovery=False)
    else:
        server.start_insecure("127.0.0.1", port, enable_discovery=False)
    due = time.monotonic()
    with journal.open("a") as file:
        while True:
            number += 1
            oven.publish("Temperature", number / 2)
            oven.publish("Chamber", (float(number % 8), "closed"))
            oven.publish("Trace", [1.5, 2.5])
            file.write(f"{number} {time.time_ns()}\n")
            file.flush()
            oven.publish("Count", number)
            due = max(due + 1 / rate, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "1")
