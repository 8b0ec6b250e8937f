"""A variable of an OPC UA server that is heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncua import ua

SET_POINT = "set-point"
MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class OpcuaVariable:
    """What is known of a variable before its first value is heard.

    Args:
        name: That its values have in records.
        node: Its id in this session: another session may number namespaces otherwise.
        unit: As the server says it; empty if it does not.
        role: ``set-point`` or ``measured`` where a companion specification tells.
        words: What its numbers stand for, if it is an enumeration.
        is_number: Whether a deadband can be asked for.
    """

    name: str
    node: ua.NodeId
    unit: str = ""
    role: str = ""
    words: Mapping[int, str] = field(default_factory=dict)
    is_number: bool = False

    def cells(self, value: Any) -> dict[str, Any]:
        """A plain value by name; of an enumeration its word, and its number beside it."""
        if self.words and isinstance(value, int) and not isinstance(value, bool):
            word = self.words.get(value, str(value))
            return {self.name: word, f"{self.name}.number": value}
        return {self.name: value}
