"""Events as they come: alone, in pages, in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from halflife.schemas.errors import MessageError
from halflife.streams.connectors.kafka.form import MOST_ROWS

EVENTS: Final = frozenset({"event", "event_page", "bulk_events"})


def events_of(name: str, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The single events in a document.

    Args:
        name: One of ``EVENTS``.
        document: Of that name.

    Raises:
        MessageError: If it is none of that name.

    Example:
        >>> page = {"descriptor": "d", "uid": ["a"], "seq_num": [1], "time": [2.0],
        ...         "data": {"x": [5]}, "timestamps": {"x": [2.0]}, "filled": {}}
        >>> events_of("event_page", page)[0]["data"]
        {'x': 5}
    """
    if name == "event":
        return [document]
    events = list(_of_page(document) if name == "event_page" else _of_bulk(document))
    if len(events) > MOST_ROWS:
        raise MessageError("too-large", "", f"{len(events):,} events; {MOST_ROWS:,} are allowed")
    return events


def _of_page(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    uids, times, numbers = (_list(page, key) for key in ("uid", "time", "seq_num"))
    tables = {key: _mapping(page, key) for key in ("data", "timestamps")}
    filled = page.get("filled") or {}
    tables["filled"] = filled if isinstance(filled, Mapping) else {}
    lengths = [len(times), len(numbers)]
    for key, table in tables.items():
        for name, cells in table.items():
            if not hasattr(cells, "__len__") or isinstance(cells, str | bytes | Mapping):
                raise MessageError("wrong-type", f"{key}.{name}", "a list of cells is due")
            lengths.append(len(cells))
    if set(lengths) != {len(uids)}:
        raise MessageError("wrong-type", "", "the lists of an event page are not of one length")
    for i, uid in enumerate(uids):
        yield {
            "uid": uid,
            "time": times[i],
            "seq_num": numbers[i],
            "descriptor": page.get("descriptor"),
            **{key: {n: cells[i] for n, cells in table.items()} for key, table in tables.items()},
        }


def _of_bulk(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name, events in document.items():
        if not isinstance(events, list):
            raise MessageError("wrong-type", str(name), "a list of events is due")
        for event in events:
            if not isinstance(event, Mapping):
                raise MessageError("wrong-type", str(name), "an event is an object")
            yield event


def _list(page: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = page.get(key)
    if isinstance(found, np.ndarray):
        found = found.tolist()
    if not isinstance(found, list):
        raise MessageError("missing-field", key, "an event page has a list of them")
    return found


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    if not isinstance(found, Mapping):
        raise MessageError("missing-field", key, "an object is due")
    return found
