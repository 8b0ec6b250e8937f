"""What a client does in the background, in one process."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from .intake import Intake
from .seldom import Seldom
from .sender import Sender
from .service import Service
from .spool_folder import SpoolFolder
from .status import Status
from .store import Store
from .writer import Writer


class Runner:
    """Two threads: one puts records on the disk, the other sends them. Begins with ``start``.

    Args:
        service: To send to.
        folder: For the spool.
        log: Is told, once in a while, what goes wrong.
        spool_bytes: Most that waits on the disk.
        memory_bytes: Most that waits in memory for the disk.
        longest_wait: Seconds between two tries, at most.
        random: From 0 to 1: spreads the tries of several clients.
        clock: Seconds since 1970, UTC.
    """

    def __init__(
        self,
        service: Service,
        folder: SpoolFolder,
        *,
        log: Seldom,
        spool_bytes: int,
        memory_bytes: int,
        longest_wait: float,
        random: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._log = log
        self._intake = Intake(memory_bytes)
        self.store = Store(folder, most_bytes=spool_bytes, most_memory=memory_bytes, log=log)
        self._writer = Writer(self._intake, self.store, log)
        self._sender = Sender(
            self.store, service, log=log, longest_wait=longest_wait, random=random, clock=clock
        )
        self._writing = threading.Thread(target=self._write, name="halflife-spool", daemon=True)
        self._sending = threading.Thread(target=self._send, name="halflife-send", daemon=True)
        self.put = self._intake.put
        self.is_ending = False

    def start(self) -> None:
        """Begins.

        Raises:
            RuntimeError: If the system gives no thread.
        """
        self._writing.start()
        self._sending.start()
        self._end_with_the_worker()

    def flush(self, seconds: float, *, sent: bool) -> bool:
        """Whether all that has been recorded is on the disk, or sent, within some seconds."""
        deadline = time.monotonic() + seconds
        target = self._intake.recorded - self._intake.dropped
        store, news = self.store, self.store.news
        with news:
            if not news.wait_for(
                lambda: self._writer.written >= target and (store.is_safe or sent), seconds
            ):
                return False
            mark = store.kept
            return not sent or news.wait_for(
                lambda: store.settled >= mark, max(0.0, deadline - time.monotonic())
            )

    def let_go(self) -> None:
        """Ends by and by: what has come in is written, and sent as long as that goes well."""
        self.is_ending = True
        self._writer.end()

    def close(self, seconds: float) -> bool:
        """Ends, and waits for it; whether all is on the disk or sent within some seconds."""
        self.let_go()
        if threading.current_thread() in (self._writing, self._sending):
            return False
        deadline = time.monotonic() + seconds
        for thread in (self._writing, self._sending):
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not self._sending.is_alive()

    def status(self) -> Status:
        """How it stands; asks nobody, and waits for nothing."""
        store = self.store
        return Status(
            recorded=self._intake.recorded,
            sent=store.sent,
            waiting=store.waiting + len(self._intake),
            refused=store.refusals,
            lost=store.lost + self._intake.dropped,
            connected=self._sender.connected,
            trouble="; ".join(filter(None, (store.trouble, self._sender.trouble))),
            last_refusals=tuple(store.last_refusals),
            spool=store.path,
        )

    def _write(self) -> None:
        try:
            self._writer.run()
        finally:
            self._sender.end()

    def _send(self) -> None:
        self._sender.run()
        self._writing.join()
        self.store.close()

    def _end_with_the_worker(self) -> None:
        """Workers of multiprocessing end without ``atexit``, but have something like it."""
        util = sys.modules.get("multiprocessing.util")
        process = sys.modules.get("multiprocessing.process")
        if util is None or process is None or process.parent_process() is None:
            return
        util.Finalize(None, self.close, args=(2.0,), exitpriority=10)
