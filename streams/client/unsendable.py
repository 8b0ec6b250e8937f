"""Why a record cannot be written as JSON."""

from __future__ import annotations


class Unsendable(ValueError):  # noqa: N818  # it says what is wrong, like the reasons of the service
    """A value that no record can carry.

    Args:
        reason: In the words of the service's dead letters.
        path: Of the field, such as ``values.mat_1``.
        text: What is wrong, and what is allowed.
    """

    def __init__(self, reason: str, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.reason = reason
        self.path = path
        self.text = text
