"""Writes ``kafka.lock`` again: ``python -m halflife.streams.broker.lock [ROOT...]``.

A root is a ``group:artifact:version``; without any, those of the present lock are
resolved again. Read the difference before it is committed: here the trust in the jars begins.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .jar_lock import COMMITTED, JarLock
from .jars import fetch, resolve, sum_of


def write_lock(roots: Sequence[str], path: Path = COMMITTED) -> JarLock:
    """Resolves the roots, fetches what they need, and writes its checksums.

    Args:
        roots: ``group:artifact:version`` of each; those of the lock at ``path`` if empty.
        path: Where the lock is written.

    Raises:
        BrokerError: For a jar that is not to be had.
    """
    asked = tuple(roots) or JarLock.read(path).roots
    with tempfile.TemporaryDirectory() as folder:
        jars = fetch(resolve(asked, Path(folder)), Path(folder))
        lock = JarLock(asked, {coordinate: sum_of(jar) for coordinate, jar in jars.items()})
    path.write_text(lock.to_text(), encoding="utf-8")
    return lock


if __name__ == "__main__":
    written = write_lock(sys.argv[1:])
    sys.stdout.write(f"{len(written.sums)} jars -> {COMMITTED}\n")
