"""A training child that waits for a job, so that no request waits for Python and its libraries."""

from __future__ import annotations

import logging

from .training_child import TrainingChild

_log = logging.getLogger(__name__)


class SpareChild:
    """Keeps one child ready; each does one job, so that none leaves anything to the next.

    Example:
        >>> spare = SpareChild()
        >>> spare.prepare()
        >>> with spare.take() as child:
        ...     child.alive
        True
    """

    def __init__(self) -> None:
        self._child: TrainingChild | None = None

    def prepare(self) -> None:
        """Starts a child if there is none; a machine that has no room for one now is no error."""
        if self._child is not None and self._child.alive:
            return
        self.close()
        try:
            self._child = TrainingChild()
        except OSError as error:
            _log.warning("no child could be started ahead: %s", error)

    def take(self) -> TrainingChild:
        """The child that was prepared, or a new one. It is the caller's to close.

        Raises:
            OSError: If the system has no room for another process.
        """
        child, self._child = self._child, None
        if child is not None and child.alive:
            return child
        if child is not None:
            child.close()
        return TrainingChild()

    def close(self) -> None:
        """Ends the child that was prepared, if there is one."""
        if self._child is not None:
            self._child.close()
            self._child = None
