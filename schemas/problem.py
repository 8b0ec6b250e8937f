"""One thing that is wrong in a file or in the environment, told so that it can be put right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, where, and what is allowed there.

    Args:
        source: File or place, such as ``lab.toml``; empty where nothing was read.
        path: Dotted key path, such as ``stream.opv.keep``; empty for the file as a whole.
        text: What is wrong: a phrase that follows the value, where there is one.
        value: What was found, as it was written; empty where nothing was.
        allowed: What may stand there, as a sentence; empty where that is said in ``text``.
        line: 1-based line of the file; None where it could not be found.

    Example:
        >>> print(Problem(source="lab.toml", path="stream.opv.keep", text="is too large",
        ...               value="1.5", allowed="a number of at most 1", line=4))
        lab.toml, line 4: stream.opv.keep: 1.5 is too large. Allowed: a number of at most 1
    """

    source: str = ""
    path: str = ""
    text: str
    value: str = ""
    allowed: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}, line {self.line}"
        said = self.text if not self.value else f"{self.value} {self.text}"
        allowed = f"{'' if said.endswith('?') else '.'} Allowed: {self.allowed}"
        parts = [part for part in (place, self.path, said) if part]
        return ": ".join(parts) + (allowed if self.allowed else "")
