"""Topics of MQTT with names in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_PART: Final = re.compile(r"\{([a-z_][a-z0-9_]{0,63})\}")
_LONGEST: Final = 1000


@dataclass(frozen=True)
class TopicTemplate:
    """A filter of topics in which a level may have a name: ``lab/{instrument}/+``.

    Args:
        text: Levels with ``/`` between: literal text, ``+``, ``{name}``, and ``#`` as the last.

    Example:
        >>> template = TopicTemplate.parse("lab/{instrument}/+")
        >>> template.filter, template.parts("lab/hplc/temp"), template.rest("lab/hplc/temp")
        ('lab/+/+', {'instrument': 'hplc'}, 'temp')
        >>> template.parts("lab/hplc") is None
        True
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """A template that can be subscribed to.

        Raises:
            ValueError: With what is wrong.
        """
        if not 0 < len(text) <= _LONGEST or "\0" in text:
            raise ValueError(f"a topic has 1 to {_LONGEST} characters")
        if text.startswith("$share/"):
            raise ValueError("a shared subscription has no memory of who read what: leave $share")
        levels = text.split("/")
        names = []
        for place, level in enumerate(levels):
            if found := _PART.fullmatch(level):
                names.append(found[1])
            elif level == "#" and place < len(levels) - 1:
                raise ValueError("# may only be the last level")
            elif level not in {"+", "#"} and re.search(r"[+#{}]", level):
                raise ValueError(
                    f"the level {level!r} is neither text, nor +, # or a name such as "
                    "{instrument} alone"
                )
        if len(set(names)) < len(names):
            raise ValueError("a name stands in it twice")
        return cls(text)

    @cached_property
    def filter(self) -> str:
        """As a broker wants it."""
        return "/".join("+" if _PART.fullmatch(level) else level for level in self._levels)

    def parts(self, topic: str) -> dict[str, str] | None:
        """What stands in a topic where names are; None for a topic that is not meant."""
        levels = topic.split("/")
        if _hidden(self.filter, topic):
            return None
        if self._levels[-1] == "#":
            if len(levels) < len(self._levels) - 1:
                return None
        elif len(levels) != len(self._levels):
            return None
        found = {}
        for mine, other in zip(self._levels, levels, strict=False):
            if name := _PART.fullmatch(mine):
                found[name[1]] = other
            elif mine == "#":
                break
            elif mine not in {"+", other}:
                return None
        return found

    def rest(self, topic: str) -> str:
        """How a value is called that comes alone: what stands where wildcards are, else the end."""
        levels, mine = topic.split("/"), self._levels
        if mine[-1] == "#":
            free = [
                level
                for place, level in enumerate(levels)
                if place >= len(mine) - 1 or mine[place] == "+"
            ]
        else:
            free = [level for level, other in zip(levels, mine, strict=True) if other == "+"]
        return "/".join(free) or levels[-1]

    def overlaps(self, other: TopicTemplate) -> bool:
        """Whether some topic is meant by both."""
        if _hidden(self.filter, other.filter) or _hidden(other.filter, self.filter):
            return False
        one, two = self.filter.split("/"), other.filter.split("/")
        for mine, yours in zip(one, two, strict=False):
            if "#" in {mine, yours}:
                return True
            if mine != yours and "+" not in {mine, yours}:
                return False
        shorter, longer = sorted((one, two), key=len)
        return len(one) == len(two) or longer[len(shorter) :] == ["#"] or shorter[-1] == "#"

    def covers(self, other: TopicTemplate) -> bool:
        """Whether every topic that the other means is meant by this one too."""
        if _hidden(self.filter, other.filter):
            return False
        one, two = self.filter.split("/"), other.filter.split("/")
        for mine, yours in zip(one, two, strict=False):
            if mine == "#":
                return True
            if yours == "#" or mine not in {"+", yours}:
                return False
        return len(one) == len(two) or one[len(two) :] == ["#"]

    @cached_property
    def _levels(self) -> list[str]:
        return self.text.split("/")


def _hidden(pattern: str, topic: str) -> bool:
    """Whether a filter that begins with a wildcard passes over a topic: MQTT 5, section 4.7.2."""
    return topic.startswith("$") and pattern[0] in "+#"


def _checked(text: str) -> str:
    try:
        TopicTemplate.parse(text)
    except ValueError as error:
        raise PydanticCustomError("range", "{said}", {"said": f"{text!r}: {error}"}) from None
    return text


TopicText = Annotated[
    str,
    Field(examples=["lab/{instrument}/result", "lab/{instrument}/+", "lab/#"]),
    AfterValidator(_checked),
]
"""A topic as the lab file has it; `TopicTemplate.parse` takes it."""
