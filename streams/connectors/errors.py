"""What a connector may raise.

    ConnectorError              anything below
    +-- SourceAway              not there now, or gone in the middle: tried again with back-off
    +-- SourceRefused           it will not go better by itself: a wrong password, a wrong key

Anything else is a bug, is logged whole, and is tried again with back-off too.
"""

from __future__ import annotations

__all__ = ["ConnectorError", "SourceAway", "SourceRefused"]


class ConnectorError(Exception):
    """A source that cannot be read; the text can be shown to a user as it is."""


class SourceAway(ConnectorError):  # noqa: N818  # a state of the world, and named so
    """The source is not there now."""


class SourceRefused(ConnectorError):  # noqa: N818  # as above
    """The source will not let us in, or the lab file asks for what it does not have."""
