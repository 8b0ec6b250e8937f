"""One value of Sparkplug B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as a message has it; a birth may be needed to know its name and type.

    Args:
        name: None where only the alias stands.
        alias: A number in place of the name, since the birth.
        time: Milliseconds since 1970; None if the message alone has one.
        type: Number of the data type; 0 where the birth says it.
        value: None for a value that is null, or of a type that no column can hold.
        historical: Whether it was kept while nobody listened, and is not the value of now.
        unit: In which it is, by its properties.
    """

    name: str | None
    alias: int | None
    time: int | None
    type: int
    value: Any
    historical: bool = False
    unit: str | None = None
