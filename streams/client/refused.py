"""A record that was not accepted."""

from __future__ import annotations

from typing import NamedTuple


class Refused(NamedTuple):
    """A record that the service, or already the client, did not accept, and why.

    Args:
        record: The record as JSON; values that no JSON can hold as Python shows them.
        reason: One word, such as ``out-of-range``.
        path: Of the field, such as ``values.mat_1``; empty for the record as a whole.
        text: What is wrong, and what is allowed.
        time: When it was refused: RFC 3339, UTC.
    """

    record: str
    reason: str
    path: str
    text: str
    time: str
