"""Generators that other packages bring, found by their entry points when one is asked for."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from .errors import BrokenGenerator
from .generator import Generator

GROUP: Final = "halflife.generators"


def installed_names() -> tuple[str, ...]:
    """Names of the entry points in the group ``halflife.generators``, sorted; nothing is loaded.

    Example:
        >>> "trees" in installed_names()
        False
    """
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_installed(name: str) -> type[Generator] | None:
    """The class of an entry point; None where there is none of that name.

    Raises:
        BrokenGenerator: For one that cannot be imported, is no generator or says another name,
            and for a name that several packages give.
    """
    points = sorted(set(entry_points(group=GROUP, name=name)), key=lambda point: point.value)
    if not points:
        return None
    if len({point.value for point in points}) > 1:
        raise BrokenGenerator(
            f"generator {name!r} is brought by several packages: "
            f"{', '.join(map(_origin, points))}; uninstall all but one"
        )
    kind = _loaded(points[0])
    if not isinstance(kind, type) or not issubclass(kind, Generator):
        raise BrokenGenerator(f"{_origin(points[0])} is no class that extends Generator")
    if getattr(kind, "name", None) != name:
        raise BrokenGenerator(
            f"{_origin(points[0])} is registered as {name!r} and says "
            f"name = {getattr(kind, 'name', None)!r}: give it the same name twice"
        )
    if missing := sorted(kind.__abstractmethods__):
        raise BrokenGenerator(f"{_origin(points[0])} lacks {', '.join(missing)}")
    return kind


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # whatever a foreign module does at import
        raise BrokenGenerator(
            f"{_origin(point)} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _origin(point: EntryPoint) -> str:
    package = "" if point.dist is None else f" of the package {point.dist.name}"
    return f"generator {point.name!r} ({point.value}{package})"
