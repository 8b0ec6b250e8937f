"""What generators refuse.

    GeneratorError           anything below
    +-- TooFewRows           a table too short to learn from
    +-- UnsuitableRows       rows of another table, or with infinite numbers
    +-- ConflictingLaws      declared laws that cannot all be kept by construction
    +-- UnknownGenerator     a name that is not in the registry
    +-- BrokenGenerator      an installed one that cannot be used
    +-- BrokenProcess        declared distributions or a simulator that cannot be used
    +-- NotFitted            sampled or saved before it was fitted
    +-- WrongState           a file that is no saved generator, or one of another kind
    +-- ShortOfRows          fewer rows made than were asked for
    +-- UnsuitableCondition  a condition that no row of the table can meet
    +-- NeedsTorch           a neural generator where torch is not installed

All are ``ValueError``, and each text can be shown to a user as it is.
"""

from __future__ import annotations

__all__ = [
    "BrokenGenerator",
    "BrokenProcess",
    "ConflictingLaws",
    "GeneratorError",
    "NeedsTorch",
    "NotFitted",
    "ShortOfRows",
    "TooFewRows",
    "UnknownGenerator",
    "UnsuitableCondition",
    "UnsuitableRows",
    "WrongState",
]


class GeneratorError(ValueError):
    """Something that a generator cannot do."""


class TooFewRows(GeneratorError):  # noqa: N818  # reads as what it is
    """A table too short to learn from."""

    def __init__(self, rows: int, least: int) -> None:
        self.rows = rows
        self.least = least
        super().__init__(f"{rows} rows to learn from; at least {least} are needed")

    def __reduce__(self) -> tuple[type[TooFewRows], tuple[int, int]]:
        # Exceptions are pickled by their args, which hold the text alone.
        return TooFewRows, (self.rows, self.least)


class UnsuitableRows(GeneratorError):  # noqa: N818  # reads as what it is
    """Rows of another table, or with infinite numbers."""


class ConflictingLaws(GeneratorError):  # noqa: N818  # reads as what it is
    """Declared laws that cannot all be kept by construction."""


class UnknownGenerator(GeneratorError):  # noqa: N818  # reads as what it is
    """A name that is not in the registry."""


class BrokenGenerator(GeneratorError):  # noqa: N818  # reads as what it is
    """A generator of another package that cannot be used."""


class BrokenProcess(GeneratorError):  # noqa: N818  # reads as what it is
    """Declared distributions, or a user's simulator, that cannot be used."""


class NotFitted(GeneratorError):  # noqa: N818  # reads as what it is
    """Sampled or saved before it was fitted."""


class WrongState(GeneratorError):  # noqa: N818  # reads as what it is
    """A file that is no saved generator, or one of another kind, table or format."""


class ShortOfRows(GeneratorError):  # noqa: N818  # reads as what it is
    """Fewer rows made than were asked for; ``why`` says of how many tries, and what to do."""

    def __init__(self, wanted: int, made: int, why: str = "") -> None:
        self.wanted = wanted
        self.made = made
        self.why = why
        text = f"{wanted} rows were asked for and {made} could be made"
        super().__init__(f"{text}: {why}" if why else text)

    def __reduce__(self) -> tuple[type[ShortOfRows], tuple[int, int, str]]:
        # Exceptions are pickled by their args, which hold the text alone.
        return ShortOfRows, (self.wanted, self.made, self.why)


class UnsuitableCondition(GeneratorError):  # noqa: N818  # reads as what it is
    """A condition that no row of the table can meet."""


class NeedsTorch(GeneratorError):  # noqa: N818  # reads as what it is
    """A neural generator where torch is not installed."""
