"""The runs that are open: what is needed to understand their next event."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Place = tuple[str, int, int]
"""Topic, partition and offset of a document."""

_MOST_RUNS: Final = 100
_MOST_BYTES: Final = 64 << 20
_MOST_DESCRIPTORS: Final = 200


@dataclass(slots=True)
class OpenRun:
    """A run that has begun, and has no end yet.

    Args:
        start: Its start document.
        places: Where its start and its descriptors stand.
        descriptors: By uid.
        size: Bytes of all these documents.
    """

    start: Mapping[str, Any]
    places: list[Place] = field(default_factory=list)
    descriptors: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    size: int = 0


class RunBook:
    """Remembers open runs; of too many, the oldest are forgotten.

    A run that was interrupted has no end; it is forgotten so, and never takes one that goes on
    with it, as runs may be inside each other.

    Example:
        >>> book = RunBook()
        >>> book.start({"uid": "run"}, ("t", 0, 5), 100)
        >>> book.describe({"uid": "d", "run_start": "run", "name": "primary"}, ("t", 0, 6), 100)
        True
        >>> book.memory()
        {'runs': {'run': [['t', 0, 5], ['t', 0, 6]]}}
        >>> book.find("d")[1]["name"], book.find("other")
        ('primary', None)
    """

    def __init__(self) -> None:
        self._runs: OrderedDict[str, OpenRun] = OrderedDict()
        self._run_of: dict[str, str] = {}
        self._size = 0

    def start(self, document: Mapping[str, Any], place: Place, size: int) -> None:
        """A run has begun.

        Args:
            document: Its start.
            place: Of it.
            size: Bytes of it.
        """
        self.stop(document["uid"])  # the same run, published again
        self._runs[document["uid"]] = OpenRun(document, [place], {}, size)
        self._size += size
        while len(self._runs) > _MOST_RUNS or (self._size > _MOST_BYTES and len(self._runs) > 1):
            self.stop(next(iter(self._runs)))

    def describe(self, document: Mapping[str, Any], place: Place, size: int) -> bool:
        """Know the form of events that will come; False if their run is not known.

        Args:
            document: Their descriptor.
            place: Of it.
            size: Bytes of it.
        """
        run = self._runs.get(document["run_start"])
        if run is None:
            return False
        if document["uid"] not in run.descriptors:
            if len(run.descriptors) >= _MOST_DESCRIPTORS:
                return False
            run.places.append(place)
            run.size += size
            self._size += size
        run.descriptors[document["uid"]] = document
        self._run_of[document["uid"]] = document["run_start"]
        return True

    def stop(self, uid: str) -> None:
        """A run has ended."""
        run = self._runs.pop(uid, None)
        if run is not None:
            self._size -= run.size
            for descriptor in run.descriptors:
                self._run_of.pop(descriptor, None)

    def find(self, descriptor: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        """Start and descriptor of an event; None if they are not known."""
        run = self._runs.get(self._run_of.get(descriptor, ""))
        return None if run is None else (run.start, run.descriptors[descriptor])

    def memory(self) -> dict[str, Any]:
        """Where the documents of the open runs stand, as plain data."""
        return {
            "runs": {uid: [list(place) for place in run.places] for uid, run in self._runs.items()}
        }
