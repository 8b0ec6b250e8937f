"""The folder in which records wait, and which file of it is whose."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import sys
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from .spool_file import SpoolFile

_MOST_FILES: Final = 1000
_CORRUPT: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SpoolFolder:
    """Files for the records of one service: each process that runs has one of its own.

    Files are numbered. A process takes the first that no other holds, and first sends what it finds
    there: so a process that is started again goes on where the killed one was. Files are never
    taken away, since another process might just be opening them.

    Args:
        folder: That they are in; made, for its owner alone to enter, if there is none.
        url: Of the service.
        machine: That runs this: a home folder may be shared by several.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     spools = SpoolFolder(Path(folder), "http://127.0.0.1:8602", "pi")
        ...     mine, its = spools.open(), spools.open()
        ...     print(mine.path.name, its.path.name)
        ...     mine.close(), its.close()
        pi-127.0.0.1-8602-3ad1f50a-0.sqlite pi-127.0.0.1-8602-3ad1f50a-1.sqlite
        (None, None)
    """

    def __init__(self, folder: Path, url: str, machine: str) -> None:
        self.folder = folder
        shown = re.sub(r"[^A-Za-z0-9.]+", "-", f"{machine}-{url.partition('://')[2]}").strip("-.")
        digest = f"{zlib.crc32(f'{machine} {url}'.encode()):08x}"
        self._stem = f"{shown[:80]}-{digest}"
        self.moved_aside: list[str] = []

    def open(self) -> SpoolFile:
        """The first file that nobody holds.

        Raises:
            sqlite3.Error: If none can be had.
            OSError: If the folder cannot be made or written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in range(_MOST_FILES):
            path = self._path(number)
            with contextlib.suppress(_TakenError):
                return self._opened(path)
        raise sqlite3.OperationalError(f"all {_MOST_FILES:,} spools in {self.folder} are in use")

    def left_behind(self) -> Iterator[SpoolFile]:
        """Files of processes that are no more, each opened, with records or refusals in them."""
        for path in sorted(self.folder.glob(f"{self._stem}-*.sqlite")):
            with contextlib.suppress(_TakenError, sqlite3.Error, OSError):
                file = self._opened(path)
                if file.count or file.has_refused:
                    yield file
                else:
                    file.close()

    def put_aside(self, path: Path) -> None:
        """Renames a file that is no database any more; somebody may still read something in it.

        Raises:
            OSError: If the folder cannot be written.
        """
        name = f"{path.name}.corrupt-{time.time_ns()}"
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(path.with_name(name + suffix))
        self.moved_aside.append(str(path.with_name(name)))

    def _path(self, number: int) -> Path:
        return self.folder / f"{self._stem}-{number}.sqlite"

    def _opened(self, path: Path) -> SpoolFile:
        try:
            return SpoolFile(path)
        except sqlite3.NotSupportedError:
            raise _TakenError from None
        except sqlite3.DatabaseError as error:
            code = primary_code(error)
            if code == sqlite3.SQLITE_BUSY:
                raise _TakenError from None
            if code not in _CORRUPT:
                raise
        self.put_aside(path)
        return SpoolFile(path)


class _TakenError(Exception):
    """Another one holds the file."""


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's code of what went wrong, without its details; -1 if it gives none."""
    code = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else int(code) & 0xFF


def is_corrupt(error: BaseException) -> bool:
    """Whether an error says that a file is no database any more."""
    return isinstance(error, sqlite3.Error) and primary_code(error) in _CORRUPT


def default_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Where programs of this user keep what they must not lose.

    Args:
        environ: Variables of the process.
        platform: As ``sys.platform`` has it.

    Example:
        >>> default_folder({"XDG_STATE_HOME": "/home/ada/.local/state"}, "linux").as_posix()
        '/home/ada/.local/state/halflife/spool'
    """
    if platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "halflife" / "spool"
    if platform == "darwin":
        return Path(os.path.expanduser("~/Library/Application Support/halflife/spool"))  # noqa: PTH111  # Path.home() raises without a home
    state = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111  # as above
    return Path(state) / "halflife" / "spool"


def this_machine() -> str:
    """The name of this machine."""
    named = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return named or "machine"
