"""What the words of Halflife refuse.

    SchemaError            anything below; also a table from which no lab file can be guessed
    +-- LabFileError       a lab file: every problem of the file, each with its place
    +-- MessageError       one message: the reason, the field path, the text
    +-- SettingsError      the environment of this machine: every problem, each with its variable

All are ``ValueError``, and each text can be shown to a user as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from .problem import Problem

__all__ = ["LabFileError", "MessageError", "SchemaError", "SettingsError"]


class SchemaError(ValueError):
    """Something that does not have the shape that it should have."""


class _ProblemsError(SchemaError):
    """Several problems at once, told together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[_ProblemsError], tuple[list[Problem]]]:
        # Exceptions are pickled by their args, which hold the joined text alone.
        return type(self), (self.problems,)


class LabFileError(_ProblemsError):
    """A lab file that cannot be used.

    Attributes:
        problems: All of them, in the order of the file where lines are known.

    Example:
        >>> print(LabFileError([Problem(source="lab.toml", text="no such file")]))
        lab.toml: no such file
    """


class SettingsError(_ProblemsError):
    """Settings of this machine that cannot be used.

    Attributes:
        problems: All of them, in the order of the variables' names.
    """


class MessageError(SchemaError):
    """A message that does not say what its topic wants.

    Attributes:
        reason: One of a few fixed words: the label of the dead-letter metric.
        path: Dotted path of the field, such as ``values.temperature``; empty for the whole message.
        text: What is wrong, with the value and what is allowed.

    Example:
        >>> print(MessageError("wrong-type", "values.x", "'high' is no number"))
        values.x: 'high' is no number
    """

    def __init__(self, reason: str, path: str, text: str) -> None:
        self.reason = reason
        self.path = path
        self.text = text
        super().__init__(f"{path}: {text}" if path else text)

    def __reduce__(self) -> tuple[type[MessageError], tuple[str, str, str]]:
        return MessageError, (self.reason, self.path, self.text)
