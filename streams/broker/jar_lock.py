"""The jars of Apache Kafka, each with its checksum: the file ``kafka.lock``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .broker_error import BrokerError

COMMITTED: Final = Path(__file__).with_name("kafka.lock")

_ROOT = "# root: "
_LINE = re.compile(r"(?P<sum>[0-9a-f]{64})  (?P<coordinate>[\w.-]+:[\w.-]+:[\w.-]+)")


@dataclass(frozen=True)
class JarLock:
    """Which jars make up the broker, and what is in them.

    The file has a line ``# root: group:artifact:version`` for each artifact that was asked for,
    and a line ``<SHA-256>  group:artifact:version`` for each that these need, themselves
    included.

    Args:
        roots: The artifacts asked for, as ``group:artifact:version``.
        sums: SHA-256 in hexadecimal digits of each jar, by coordinate.

    Example:
        >>> lock = JarLock(("a:b:1",), {"a:b:1": "0" * 64})
        >>> JarLock.from_text(lock.to_text()) == lock
        True
        >>> lock.names
        {'b-1.jar': 'a:b:1'}
    """

    roots: tuple[str, ...]
    sums: Mapping[str, str]

    @property
    def names(self) -> dict[str, str]:
        """The file names of the jars, each with its coordinate."""
        return {jar_name(coordinate): coordinate for coordinate in self.sums}

    def to_text(self) -> str:
        """The lock as it is written to a file."""
        lines = [
            "# The jars of the embedded Apache Kafka, with their SHA-256.",
            "# Written by: python -m halflife.streams.broker.lock",
            *(_ROOT + root for root in self.roots),
            *(f"{self.sums[coordinate]}  {coordinate}" for coordinate in sorted(self.sums)),
        ]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_text(cls, text: str) -> JarLock:
        """From what ``to_text`` wrote.

        Raises:
            BrokerError: For a line that is none of a lock, naming it.
        """
        roots, sums = [], {}
        for number, line in enumerate(text.splitlines(), start=1):
            if line.startswith(_ROOT):
                roots.append(line.removeprefix(_ROOT))
            elif not line.startswith("#"):
                found = _LINE.fullmatch(line)
                if found is None:
                    raise BrokerError(f"line {number} of the lock is no jar: {line!r}")
                sums[found["coordinate"]] = found["sum"]
        return cls(tuple(roots), sums)

    @classmethod
    def read(cls, path: Path = COMMITTED) -> JarLock:
        """From a file; the one that Halflife came with by default."""
        return cls.from_text(path.read_text(encoding="utf-8"))


def jar_name(coordinate: str) -> str:
    """The file name of an artifact: ``artifact-version.jar``."""
    _, artifact, version = coordinate.split(":")
    return f"{artifact}-{version}.jar"
