"""Errors that a user can do something about: their text is enough, a traceback would be noise."""

from __future__ import annotations

import sys
from typing import Final

_FAILED: Final = 1
_USED_WRONGLY: Final = 2

# The first that fits counts. By name: a class whose module was never imported cannot have been
# raised, and importing it here would make every command slow.
_EXPECTED: Final = (
    ("halflife.schemas.errors", "SchemaError", _USED_WRONGLY),
    ("halflife.streams.tables", "TableFileError", _USED_WRONGLY),
    ("halflife.monitors.errors", "MonitorError", _FAILED),
    ("halflife.generators.errors", "UnknownGenerator", _USED_WRONGLY),
    ("halflife.generators.errors", "GeneratorError", _FAILED),
    ("halflife.streams.generator.errors", "RegenerationError", _FAILED),
    ("halflife.streams.broker.broker_error", "BrokerError", _FAILED),
    ("kafka.errors", "KafkaError", _FAILED),
    ("aiokafka.errors", "KafkaError", _FAILED),
)


def status_of(error: Exception) -> int | None:
    """The exit status for an expected error, None for one that nobody expected.

    A file that cannot be opened is expected too.

    Example:
        >>> status_of(FileNotFoundError(2, "No such file", "lab.toml"))
        2
        >>> status_of(KeyError("x")) is None
        True
    """
    for module, name, status in _EXPECTED:
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(error, getattr(loaded, name)):
            return status
    if isinstance(error, OSError) and error.filename is not None:
        return _USED_WRONGLY
    return None


def text_of(error: Exception) -> str:
    """What to tell the user.

    Example:
        >>> text_of(FileNotFoundError(2, "No such file or directory", "lab.toml"))
        'lab.toml: No such file or directory'
    """
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
