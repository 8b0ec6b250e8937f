"""Records on the disk, in one SQLite file that one process holds."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from .refused import Refused

_FORMAT: Final = 1
_MOST_REFUSED: Final = 10_000
_MOST_REFUSED_BYTES: Final = 64 << 20
_LAST: Final = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'waiting'"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS waiting (
  number INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS refused (
  number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL, reason TEXT NOT NULL,
  path TEXT NOT NULL, text TEXT NOT NULL, time TEXT NOT NULL);
"""


class SpoolFile:
    """A spool that is open; nobody else can open it until it is closed, or its process ends.

    The lock is SQLite's own (exclusive locking mode): it works on Windows, needs no shared memory,
    so that a home folder on a network drive will do, and the system lets go of it after `kill -9`.
    Not for two threads at once.

    Args:
        path: Of the file; made, for its owner alone to read, if there is none.

    Raises:
        sqlite3.Error: If it is locked, no database, of another format, or cannot be written.
        OSError: If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Only a new one is opened here: closing a file gives up all locks of this process on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        path.chmod(0o600)
        self._base = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._begin()
            self.count, self.bytes = self._sizes("waiting", "line")
            self._refused, self._refused_bytes = self._sizes("refused", "record")
            self.last = self._one(_LAST)
        except BaseException:
            self._base.close()
            raise

    def _begin(self) -> None:
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            found = self._one("PRAGMA user_version")
            if found not in (0, _FORMAT):
                raise sqlite3.NotSupportedError(f"{self.path} has format {found}, not {_FORMAT}")
            for statement in _TABLES.split(";"):
                self._base.execute(statement)
            self._base.execute(f"PRAGMA user_version = {_FORMAT}")

    def add(self, lines: Sequence[bytes], refused: Sequence[Refused] = ()) -> None:
        """Writes records behind those that wait, all or none; they are on the disk afterwards."""
        with self._transaction():
            self._base.executemany(
                "INSERT INTO waiting (line) VALUES (?)", ((line,) for line in lines)
            )
            last = self._one(_LAST)
            self._refuse(refused)
        self.last = last
        self.count += len(lines)
        self.bytes += sum(map(len, lines))

    def first(self, after: int, most: int, most_bytes: int) -> tuple[list[bytes], int]:
        """Records that wait longest, and the number of the last of them.

        Args:
            after: Number of a record: only those behind it.
            most: Records.
            most_bytes: Of all, beyond the first.
        """
        lines: list[bytes] = []
        size, last = 0, after
        rows = self._base.execute(
            "SELECT number, line FROM waiting WHERE number > ? ORDER BY number LIMIT ?",
            (after, most),
        )
        for number, line in rows:
            size += len(line) + 1
            if lines and size > most_bytes:
                break
            lines.append(bytes(line))
            last = number
        rows.close()
        return lines, last

    def remove(self, last: int, refused: Iterable[Refused]) -> None:
        """Takes away the records up to a number; what was refused of them is kept as that."""
        with self._transaction(durable=False):  # sent again after a power cut: the same records
            gone = self._base.execute(
                "SELECT count(*), coalesce(sum(length(line)), 0) FROM waiting WHERE number <= ?",
                (last,),
            ).fetchone()
            self._base.execute("DELETE FROM waiting WHERE number <= ?", (last,))
            self._refuse(refused)
        self.count -= gone[0]
        self.bytes -= gone[1]

    def refused(self) -> list[Refused]:
        """All that were refused and are still kept, the latest last."""
        rows = self._base.execute(
            "SELECT record, reason, path, text, time FROM refused ORDER BY number"
        )
        return [Refused(*row) for row in rows]

    @property
    def has_refused(self) -> bool:
        """Whether some are kept that were refused."""
        return self._refused > 0

    def forget_refused(self) -> None:
        """Takes away all that were refused."""
        with self._transaction():
            self._base.execute("DELETE FROM refused")
        self._refused = self._refused_bytes = 0

    def close(self) -> None:
        """Lets go of the file; its space is given back if nothing waits in it."""
        with contextlib.suppress(sqlite3.Error):
            if not self.count and not self._refused:
                self._base.execute("VACUUM")
        self._base.close()

    def _refuse(self, refused: Iterable[Refused]) -> None:
        for one in refused:
            self._base.execute(
                "INSERT INTO refused (record, reason, path, text, time) VALUES (?, ?, ?, ?, ?)",
                (one.record, one.reason, one.path, one.text, one.time),
            )
            self._refused += 1
            self._refused_bytes += len(one.record)
        while self._refused > _MOST_REFUSED or self._refused_bytes > _MOST_REFUSED_BYTES:
            self._base.execute(
                "DELETE FROM refused WHERE number IN "
                "(SELECT number FROM refused ORDER BY number LIMIT ?)",
                (self._refused // 10 + 1,),
            )
            self._refused, self._refused_bytes = self._sizes("refused", "record")

    def _sizes(self, table: str, column: str) -> tuple[int, int]:
        words = f"SELECT count(*), coalesce(sum(length({column})), 0) FROM {table}"  # noqa: S608  # names of ours
        count, size = self._base.execute(words).fetchone()
        return int(count), int(size)

    def _one(self, words: str) -> int:
        return int(self._base.execute(words).fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All or nothing.

        Args:
            durable: Whether it survives a power cut, not only the end of the process.
        """
        if not durable:
            self._base.execute("PRAGMA synchronous = NORMAL")
        try:
            self._base.execute("BEGIN IMMEDIATE")
            yield
            self._base.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise
        finally:
            if not durable:
                self._base.execute("PRAGMA synchronous = FULL")
