"""Which files there are that a source means."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from halflife.schemas.sources.files_source import COMPRESSED
from halflife.streams.connectors.errors import SourceRefused

from .seen_file import SeenFile

SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
"""Ends of names, and what is in such files."""

MOST_FILES: Final = 5_000
_DEEPEST: Final = 20
_UNFINISHED: Final = (
    "~",
    ".bak",
    ".orig",
    ".part",
    ".partial",
    ".swp",
    ".swx",
    ".tmp",
    ".crdownload",
)


class Folder:
    """Looks for the files of a path: one file, a folder, or a pattern.

    Links are followed only to files within the base folder; pipes and devices are no files.

    Args:
        path: As the lab file has it.
        formats: Which formats are looked for in a folder.

    Example:
        >>> folder = Folder("/data/hplc/**/*.csv", {"csv"})
        >>> folder.base, folder.pattern
        ('/data/hplc', '**/*.csv')
    """

    def __init__(self, path: str, formats: Collection[str]) -> None:
        whole = Path(path).expanduser()
        parts = whole.parts
        fixed = next((i for i, part in enumerate(parts) if any(c in part for c in "*?[")), None)
        self._endings = tuple(end for end, name in SUFFIXES.items() if name in formats)
        self.single = fixed is None and not whole.is_dir()
        if fixed is not None:
            self.base, self.pattern = str(Path(*parts[:fixed])), "/".join(parts[fixed:])
        elif self.single:
            self.base, self.pattern = str(whole.parent), whole.name
        else:
            self.base, self.pattern = str(whole), ""
        self.address = str(whole)
        self.left_out: dict[str, str] = {}

    def full(self, path: str) -> str:
        """The path of a file that was seen."""
        return os.path.join(self.base, path)  # noqa: PTH118  # a text from the base, not a Path

    def look(self, known: Collection[int]) -> list[SeenFile]:
        """All files now, the oldest first.

        Args:
            known: Inodes of files that were read: these are found under any name.

        Raises:
            OSError: If the base folder cannot be read.
            SourceRefused: For more files than can be told apart from each other in one position.
        """
        self.left_out = {}
        root = os.path.realpath(self.base)
        found: dict[tuple[int, int], SeenFile] = {}
        for seen in sorted(self._walk(root, "", known), key=lambda one: not one.matches):
            found.setdefault((seen.device, seen.inode), seen)
            if len(found) > MOST_FILES:
                raise SourceRefused(
                    f"{self.address} has more than {MOST_FILES:,} files: move those that are "
                    "finished to another folder, or name fewer with path"
                )
        return sorted(found.values(), key=lambda one: (one.modified, one.path))

    def _walk(self, root: str, inside: str, known: Collection[int]) -> Iterator[SeenFile]:
        with os.scandir(os.path.join(root, inside)) as entries:  # noqa: PTH118  # as above
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            path = f"{inside}/{entry.name}" if inside else entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    if self._may_be_inside(path):
                        yield from self._walk(root, path, known)
                    continue
                seen = self._seen(root, entry, path, known)
            except FileNotFoundError:
                continue  # gone since
            except PermissionError as error:
                self.left_out[path] = f"cannot be read: {error.strerror}"
                continue
            if seen is not None:
                yield seen

    def _seen(
        self, root: str, entry: os.DirEntry[str], path: str, known: Collection[int]
    ) -> SeenFile | None:
        matches = self._matches(path)
        if not matches and (entry.inode() not in known or entry.name.endswith(_UNFINISHED)):
            hidden = self.single or entry.name.startswith(".")
            if not hidden and entry.name.lower().endswith(COMPRESSED):
                self.left_out[path] = "is compressed, and such files are not read"
            return None
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if os.path.commonpath([root, target]) != root:
                self.left_out[path] = "is a link that leaves the folder: it is not followed"
                return None
            status = os.stat(target, follow_symlinks=False)  # noqa: PTH116  # a resolved text
        else:
            status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            return None
        if not os.access(entry.path, os.R_OK):
            self.left_out[path] = "cannot be read: permission denied"
            return None
        return SeenFile(
            path=path,
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            modified=status.st_mtime_ns,
            matches=matches,
        )

    def _matches(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if self.pattern:
            return _fits(path.split("/"), self.pattern.split("/"))
        return "/" not in path and not name.startswith(".") and name.lower().endswith(self._endings)

    def _may_be_inside(self, path: str) -> bool:
        """Whether a folder may hold files that match."""
        parts, wanted = path.split("/"), self.pattern.split("/")
        if parts[-1].startswith(".") or len(parts) >= _DEEPEST:
            return False
        if "**" in wanted:
            fixed = wanted[: wanted.index("**")]
            return all(fnmatch.fnmatchcase(p, w) for p, w in zip(parts, fixed, strict=False))
        return len(parts) < len(wanted) and _fits(parts, wanted[: len(parts)])


def _fits(parts: list[str], wanted: list[str]) -> bool:
    """Whether a path is as a pattern says; ``**`` stands for any number of folders.

    Example:
        >>> _fits(["a", "b", "c.csv"], ["**", "*.csv"]), _fits([".c.csv"], ["*.csv"])
        (True, False)
    """
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_fits(parts[i:], wanted[1:]) for i in range(len(parts) + 1))
    if not parts or (parts[0].startswith(".") and not wanted[0].startswith(".")):
        return False
    return fnmatch.fnmatchcase(parts[0], wanted[0]) and _fits(parts[1:], wanted[1:])
