"""An IOC of EPICS for tests: a counter with what belongs to it, and a journal of what happened.

``python -m tests.harness.epics_ioc PREFIX JOURNAL RATE [LAST]``; ports come from the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .ports import free_port
from .service import wait_until


class EpicsIoc:
    """The IOC as a process of its own, at a port of its own on this machine.

    Args:
        journal: Each count and its time stamp, in nanoseconds since 1970, before it is published.
        rate: Counts a second.
        last: Last count.
        prefix: Of all channels.
    """

    def __init__(
        self, journal: Path, *, rate: float = 20.0, last: int = 10**9, prefix: str = "LAB:"
    ) -> None:
        self.prefix = prefix
        self.journal = journal
        self._log = journal.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        self._arguments = [prefix, str(journal), str(rate), str(last)]
        self.port = free_port()

    @property
    def address(self) -> str:
        """Where a client has to search."""
        return f"127.0.0.1:{self.port}"

    @property
    def happened(self) -> dict[int, int]:
        """Each count, with its time stamp."""
        if not self.journal.exists():
            return {}
        whole = self.journal.read_text().rpartition("\n")[0].splitlines()
        return {int(line.split()[0]): int(line.split()[1]) for line in whole}

    @property
    def dropped(self) -> int:
        """How many values, of all channels, its server has dropped because it came not after."""
        said = re.findall(r"Dropped (\d+) responses", self._log.read_text())
        return sum(map(int, said))

    def start(self) -> None:
        """Starts it; it goes on counting where its journal ends."""
        before = len(self.happened)
        environment = {
            **os.environ,
            "EPICS_CA_SERVER_PORT": str(self.port),
            "EPICS_CAS_SERVER_PORT": str(self.port),
            "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
            "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.epics_ioc", *self._arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: len(self.happened) > before, 30, self._said)

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def _said(self) -> str:
        return self._log.read_text()[-3000:]


def _serve(prefix: str, journal: Path, rate: float, last: int) -> None:
    from caproto import AlarmSeverity, AlarmStatus, ChannelType
    from caproto.server import PVGroup, pvproperty, run

    lines = journal.read_text().splitlines() if journal.exists() else []
    begin = int(lines[-1].split()[0]) if lines else 0

    class Lab(PVGroup):
        """What an oven might say."""

        temperature = pvproperty(value=0.0, name="TEMP", units="degC")
        power = pvproperty(value=0.0, name="POWER", units="W", dtype=ChannelType.FLOAT)
        state = pvproperty(
            value="idle",
            name="STATE",
            dtype=ChannelType.ENUM,
            enum_strings=["idle", "heating", "done"],
        )
        note = pvproperty(value="made by hand", name="NOTE", max_length=400)
        words = pvproperty(value="a word", name="WORD", dtype=ChannelType.STRING)
        curve = pvproperty(value=[1.5, 2.5, 3.5], name="CURVE", max_length=3)
        broken = pvproperty(value=7.0, name="BROKEN", units="V", alarm_group="broken")
        count = pvproperty(value=0, name="COUNT", dtype=ChannelType.LONG)

        @count.startup  # type: ignore[no-redef]  # how caproto wants it
        async def count(self, instance: Any, async_lib: Any) -> None:
            number = begin
            due = time.monotonic()
            await self.broken.write(
                8.0, severity=AlarmSeverity.INVALID_ALARM, status=AlarmStatus.READ
            )
            with journal.open("a") as file:
                while number < last:
                    number += 1
                    # Whole microseconds: what the protocol library keeps of a time.
                    stamp = time.time_ns() // 1000 * 1000
                    await self.temperature.write(number / 2, timestamp=stamp / 1e9)
                    await self.power.write(number % 8, timestamp=stamp / 1e9)
                    await self.state.write(number % 3, timestamp=stamp / 1e9)
                    file.write(f"{number} {stamp}\n")
                    file.flush()
                    await instance.write(number, timestamp=stamp / 1e9)
                    due = max(due + 1 / rate, time.monotonic() - 1)
                    await asyncio.sleep(max(0.0, due - time.monotonic()))

    run(Lab(prefix=prefix).pvdb, interfaces=["127.0.0.1"], log_pv_names=False)


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
