"""The values of an event, and what else can be mapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EventValues(dict[str, Any]):
    """The data of an event; whoever asks by name finds more, and whoever looks through it does not.

    So nobody takes what stands in the start document, or data a second time, for values of the
    event.

    Args:
        data: Of the event.
        **more: What is found by its name alone, where no data has it.

    Example:
        >>> values = EventValues({"x": 1}, start={"sample": "A"})
        >>> list(values), "start" in values, values["start"]["sample"]
        (['x'], True, 'A')
    """

    def __init__(self, data: Mapping[str, Any], /, **more: Any) -> None:
        super().__init__(data)
        self._more = more

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._more

    def __missing__(self, name: str) -> Any:
        return self._more[name]
