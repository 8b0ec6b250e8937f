"""Files written in pieces and rotated, while connectors are killed and Kafka is restarted."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any, Final

from halflife.streams.broker.embedded import EmbeddedKafka

from .connecting import Written
from .service import Service

LAB: Final = """
[stream.runs]
[stream.runs.column]
t = {{ role = "set-point", unit = "K" }}
y = {{ role = "measured", max = 1e8 }}
[source.runs]
type = "files"
path = "{folder}/runs.csv*"
decimal = ","
poll = "0.1 s"
[source.runs.column]
t = {{ from = "Temperatur", unit = "degC" }}
"""
BAD_EVERY: Final = 500
ROTATE_EVERY: Final = 1500


class Writer(threading.Thread):
    """An instrument: writes rows in pieces that know nothing of lines, and rotates its file.

    Args:
        path: Of the file.
        rows: How many it writes in all.
        seconds: Over which time.
        seed: Of the cuts.
    """

    def __init__(self, path: Path, *, rows: int, seconds: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.written = 0
        self.rotations = 0
        self._path = path
        self._rows = rows
        self._seconds = seconds
        self._rng = random.Random(seed)  # noqa: S311  # cuts, no secrets
        self._stopping = threading.Event()

    def run(self) -> None:
        """Writes all rows."""
        block = max(20, self._rows // 400)
        pause = self._seconds * block / self._rows
        while self.written < self._rows and not self._stopping.wait(pause):
            here = min(block, self._rows - self.written, ROTATE_EVERY - self.written % ROTATE_EVERY)
            content = b"" if self.written % ROTATE_EVERY else b"Temperatur;y;note\n"
            content += b"".join(_row(self.written + i) for i in range(here))
            with self._path.open("ab", buffering=0) as file:
                cut = self._rng.randrange(len(content))
                file.write(content[:cut])
                time.sleep(0.001)  # so that a look may fall between the halves of a line
                file.write(content[cut:])
            self.written += here
            if self.written % ROTATE_EVERY == 0:
                self._rotate()

    def stop(self) -> None:
        """Ends it."""
        self._stopping.set()
        self.join()

    def _rotate(self) -> None:
        for number in range(self.rotations, 0, -1):
            self._path.with_name(f"runs.csv.{number}").rename(
                self._path.with_name(f"runs.csv.{number + 1}")
            )
        self._path.rename(self._path.with_name("runs.csv.1"))
        self.rotations += 1


def _row(number: int) -> bytes:
    answer = "broken" if number % BAD_EVERY == BAD_EVERY - 1 else f"{number},5"
    return f'{20 + number % 7},25;{answer};"line one\nline two é"\n'.encode()


def _wait_for(written: Written, least: int) -> None:
    written.wait_until(lambda: len(written.ids()) >= least, 120)


def run(
    kafka: EmbeddedKafka, prefix: str, folder: Path, *, records: int, kills: int, restarts: int
) -> dict[str, Any]:
    """What came of it.

    Args:
        kafka: Is restarted.
        prefix: Of topics.
        folder: For files and logs.
        records: Rows that are written.
        kills: Of the connect worker, by SIGKILL.
        restarts: Of Kafka.

    Returns:
        ``written``, ``bad``, ``read`` (different records), ``lost``, ``doubled``, ``letters``,
        ``gaps``, ``rotations``, ``kills``, ``restarts``, ``seconds``.
    """
    source = folder / "source"
    source.mkdir(parents=True)
    service = Service(kafka.address, prefix, folder / "work", LAB.format(folder=source))
    written = Written(service)
    began = time.monotonic()
    seconds = 2.5 * kills + 3 * restarts
    writer = Writer(source / "runs.csv", rows=records, seconds=seconds, seed=1)
    try:
        worker = service.start("connect", "one")
        writer.start()
        deeds = sorted([(i + 0.5) / kills, "kill"] for i in range(kills))
        deeds += [[(i + 0.8) / restarts, "restart"] for i in range(restarts)]
        for share, deed in sorted(deeds):
            least = int(0.8 * share * records)
            _wait_for(written, least)
            worker.wait_for("connected: is read from", 60)
            if deed == "restart":
                written.close()  # its library leaves sockets open where a broker ends
                kafka.restart()
                written = Written(service)
            else:
                worker.kill()
                worker = service.start("connect", "one")
        bad = records // BAD_EVERY
        _wait_for(written, records - bad)
        last = written
        last.wait_until(lambda: len(last.letters()) >= bad, 60)
        counts = written.ids()
        answers = {round(record["values"]["y"] - 0.5) for record in written.records()}
        expected = {i for i in range(records) if i % BAD_EVERY != BAD_EVERY - 1}
        return {
            "written": writer.written,
            "bad": bad,
            "read": len(counts),
            "lost": len(expected - answers),
            "strange": len(answers - expected),
            "doubled": counts.total() - len(counts),
            "letters": [letter.address for letter in written.letters()],
            "gaps": [event.text for event in written.events() if event.kind == "gap"],
            "rotations": writer.rotations,
            "kills": kills,
            "restarts": restarts,
            "seconds": round(time.monotonic() - began, 1),
        }
    finally:
        if writer.is_alive():
            writer.stop()
        service.end()
        written.close()
