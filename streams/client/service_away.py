"""The service did not answer."""

from __future__ import annotations


class ServiceAway(Exception):  # noqa: N818  # nothing is wrong: it is waited for
    """The service cannot be reached, or gave no whole answer.

    Args:
        text: What happened, without secrets.
    """
