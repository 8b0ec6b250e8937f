"""The client: what a lab's own program holds to hand its records over."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

from .forks import follow_forks
from .line_maker import LineMaker
from .refused import Refused
from .runner import Runner
from .seldom import Seldom
from .service import Service
from .spool_folder import SpoolFolder, default_folder, this_machine
from .status import Status
from .token import Token

_LOGGER: Final = logging.getLogger("halflife.client")
_AT_EXIT_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 5.0
_LONGEST_NAME: Final = 200


class Lab:
    """Hands records of experiments to Halflife; never holds up an experiment, and never ends one.

    ``record`` leaves the record in memory and returns. A thread writes it to a spool on the disk,
    another sends it from there, in order, and again until it is answered. A program that is killed
    loses what it recorded in the last milliseconds, before it was on the disk; all else is sent
    when a program with the same spool runs again.

    Args:
        url: Of the service, such as ``http://127.0.0.1:8602``.
        instrument: That makes the records; the name of this machine by default.
        token: Lets in; else taken from ``HALFLIFE_PUSH_TOKEN`` or the file that
            ``HALFLIFE_PUSH_TOKEN_FILE`` names.
        ca_file: Certificates to trust for ``https://``; those of the system by default.
        spool: Folder in which records wait; ``HALFLIFE_SPOOL``, or one in the user's home, by
            default.
        spool_bytes: Of records that may wait on the disk; what comes beyond is lost, and counted.
        memory_bytes: Of records that may wait in memory while the disk is slow or full.
        longest_wait: Seconds between two tries to send, at most, unless the service asks for more.
        request_seconds: That one request may take.

    Raises:
        ValueError: For arguments that can never do, such as a URL that is none. Nothing else of
            this class raises.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as spool:
        ...     with Lab("http://127.0.0.1:9", spool=spool) as lab:  # nobody is there
        ...         lab.record("opv", mat_1=.2, degradation=.5)
        ...         safe = lab.flush(10)
        ...         waiting = lab.status.waiting
        >>> safe, waiting
        (True, 1)
    """

    def __init__(
        self,
        url: str,
        *,
        instrument: str | None = None,
        token: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        spool: str | os.PathLike[str] | None = None,
        spool_bytes: int = 1 << 30,
        memory_bytes: int = 64 << 20,
        longest_wait: float = 10.0,
        request_seconds: float = 30.0,
    ) -> None:
        machine = this_machine()
        self._instrument = machine if instrument is None else instrument
        if not isinstance(self._instrument, str) or not 0 < len(self._instrument) <= _LONGEST_NAME:
            raise ValueError(f"instrument: a text of 1 to {_LONGEST_NAME} characters is due")
        for name, value in (
            ("spool_bytes", spool_bytes),
            ("memory_bytes", memory_bytes),
            ("longest_wait", longest_wait),
            ("request_seconds", request_seconds),
        ):
            if not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"{name}: a number over 0 is due, not {value!r}")
        if ca_file is not None and not Path(ca_file).is_file():
            raise ValueError(f"ca_file: there is no file {os.fspath(ca_file)}")
        folder = Path(spool or os.environ.get("HALFLIFE_SPOOL") or default_folder(os.environ))
        credentials = Token(token, os.environ)
        authorities = None if ca_file is None else os.fspath(ca_file)
        log = Seldom(_LOGGER)

        def make() -> Runner:
            service = Service(url, credentials, ca_file=authorities, seconds=request_seconds)
            return Runner(
                service,
                SpoolFolder(folder, service.url, machine),
                log=log,
                spool_bytes=int(spool_bytes),
                memory_bytes=int(memory_bytes),
                longest_wait=longest_wait,
                random=lambda: os.urandom(1)[0] / 256,  # the module `random` is slow to load
                clock=time.time,
            )

        self._url = Service(url, credentials, ca_file=None, seconds=1.0).url
        self._make = make
        self._lock = RLock()
        self._failed = 0
        self._begin()
        follow_forks(self)
        self._start()

    def __repr__(self) -> str:
        return f"Lab({self._url!r}, instrument={self._instrument!r})"

    def record(
        self,
        stream: str = "",
        values: Mapping[str, Any] | None = None,
        /,
        *more: Any,
        recipe: Any = None,
        time: Any = None,
        record_id: Any = None,
        **columns: Any,
    ) -> None:
        """Hands over a record. Returns at once and never raises: see ``status`` and ``refused``.

        Args:
            stream: As it is called in the lab file.
            values: Cells by column, for columns whose names are no words of Python or are those of
                an argument here.
            *more: Nothing belongs here; what stands here makes the record a refused one.
            recipe: That it ran under, if the instrument has several.
            time: When it was made: a datetime, or seconds since 1970; now by default. A datetime
                without a zone is of this machine's zone.
            record_id: Its identity in the stream; one is made by default.
            **columns: Cells by column.
        """
        try:
            arguments = (stream, *(() if values is None and not more else (values,)), *more)
            line = self._maker.make(
                arguments, columns, recipe=recipe, time=time, record_id=record_id
            )
            while not self._runner.put(line):
                self._begin_again()
            if not self._started:
                self._start()
        except Exception:  # noqa: BLE001  # the experiment goes on, whatever this is
            self._failed += 1

    def flush(self, seconds: float = _CLOSE_SECONDS, *, sent: bool = False) -> bool:
        """Whether all records so far are safe: on the disk, or accepted or refused by the service.

        Args:
            seconds: To wait for it, at most.
            sent: Whether the disk is not enough.
        """
        return self._runner.flush(seconds, sent=sent)

    def close(self, seconds: float = _CLOSE_SECONDS) -> bool:
        """Ends: writes what is in memory to the disk, and sends what can be sent at once.

        A later ``record`` begins again.

        Args:
            seconds: To wait for it, at most.

        Returns:
            Whether it has ended in that time.
        """
        runner = self._runner
        atexit.unregister(runner.close)
        return runner.close(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def status(self) -> Status:
        """What has been sent, what waits, and what is in the way."""
        status = self._runner.status()
        return status._replace(lost=status.lost + self._failed)

    def refused(self) -> list[Refused]:
        """The records that were not accepted, with the reasons; the latest last, 10,000 at most."""
        return self._runner.store.refused()

    def runner_now(self) -> Runner:
        """That runs in this process; for forks."""
        return self._runner

    def begin_in_child(self) -> None:
        """Begins anew in the child of a fork; threads start with its first record."""
        atexit.unregister(self._runner.close)
        self._lock = RLock()
        self._begin()

    def _begin(self) -> None:
        """A maker and a runner of this process."""
        self._maker = LineMaker(self._instrument, clock=time.time)
        self._started = False
        self._runner = self._make()

    def _begin_again(self) -> None:
        """After the end; unless another thread has done it already."""
        with self._lock:
            if self._runner.is_ending:
                self._begin()

    def _start(self) -> None:
        with self._lock, contextlib.suppress(RuntimeError):  # no thread now: with the next record
            if not self._started:
                self._runner.start()
                self._started = True
                atexit.register(self._runner.close, _AT_EXIT_SECONDS)
                weakref.finalize(self, _let_go, self._runner).atexit = False


def _let_go(runner: Runner) -> None:
    """Nobody holds the client any more."""
    atexit.unregister(runner.close)
    runner.let_go()
