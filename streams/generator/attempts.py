"""How often the training of a request was begun, remembered beyond the worker's own death."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Final

MOST_CRASHES: Final = 3
"""Trainings of one request that may die by themselves."""

MOST_BEGUN: Final = 10
"""Trainings of one request that may be begun: most die because their worker is killed."""


class Attempts:
    """The attempts at one request, in a small file.

    A training whose process dies while the worker lives is a crash, and three of these are
    enough. One that ends together with its worker may be the cause or a bystander, so that ten
    are needed before the request is given up. The file is on the disk of this machine: another
    machine counts anew.

    Args:
        folder: Of all such files.
        request_id: Which request.

    Example:
        >>> import tempfile
        >>> attempts = Attempts(Path(tempfile.mkdtemp()), "ab12")
        >>> attempts.begin(); attempts.crashed(); attempts.begun, attempts.exhausted
        (1, False)
    """

    def __init__(self, folder: Path, request_id: str) -> None:
        self._path = folder / f"{request_id}.json"
        self.begun, self.crashes = self._read()

    @property
    def exhausted(self) -> bool:
        """Whether no other attempt is due."""
        return self.crashes >= MOST_CRASHES or self.begun >= MOST_BEGUN

    def begin(self) -> None:
        """A training is about to start."""
        self._write(self.begun + 1, self.crashes)

    def crashed(self) -> None:
        """The training that was begun last died by itself."""
        self._write(self.begun, self.crashes + 1)

    def forgive(self) -> None:
        """The training that was begun last was ended by us: it does not count."""
        self._write(self.begun - 1, self.crashes)

    def forget(self) -> None:
        """The request is answered."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[int, int]:
        # A file cut short by a crash of the machine is no reason to refuse work.
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            found = json.loads(self._path.read_text())
            return int(found["begun"]), int(found["crashes"])
        return 0, 0

    def _write(self, begun: int, crashes: int) -> None:
        self.begun, self.crashes = begun, crashes
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"begun": begun, "crashes": crashes}))
        fresh.replace(self._path)
