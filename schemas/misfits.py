"""Whether the parts of a stream of the lab file fit together: each key is right, are they all?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .column import Kind
from .law import EquationLaw
from .near import did_you_mean


@dataclass(frozen=True, slots=True)
class Misfit:
    """A key that names what another key does not declare.

    Args:
        loc: Keys and list indices under the stream.
        text: What is wrong.
        value: As it is written there.
        allowed: What may stand there.
    """

    loc: tuple[str | int, ...]
    text: str
    value: str
    allowed: str


def find_misfits(stream: Mapping[str, Any]) -> list[Misfit]:
    """What does not fit together in a stream, as the file has it.

    Parts that are wrong by themselves are left out: they have been told already. So this can run
    on a file with other faults, and all are told at once.

    Args:
        stream: The table ``[stream.NAME]`` as tomllib reads it.

    Example:
        >>> find_misfits({"column": {"yield": {"role": "measured"}}, "target": "yeild"})[0].text
        "is no declared column; did you mean 'yield'?"
    """
    columns = stream.get("column")
    if not isinstance(columns, Mapping):
        return []
    misfits = list(_target(stream.get("target"), list(columns)))
    misfits += _privacy(stream)
    misfits += _process(stream, list(columns))
    numeric = [
        name
        for name, column in columns.items()
        if not (isinstance(column, Mapping) and column.get("kind") == Kind.CATEGORY)
    ]
    laws = stream.get("law")
    for i, law in enumerate(laws if isinstance(laws, list | tuple) else ()):
        if isinstance(law, Mapping):
            misfits += _law(i, law, list(columns), numeric)
    return misfits


def _target(target: Any, names: list[str]) -> Iterator[Misfit]:
    if isinstance(target, str) and target not in names:
        yield Misfit(
            ("target",),
            f"is no declared column{did_you_mean(target, names)}",
            repr(target),
            ", ".join(names),
        )


def _privacy(stream: Mapping[str, Any]) -> Iterator[Misfit]:
    """A promise that the generator does not keep is worse than none."""
    generator = stream.get("generator", "auto")
    for key in ("epsilon", "delta"):
        if stream.get(key) is not None and generator != "private":
            text = f"promises differential privacy, which generator {generator!r} does not keep"
            yield Misfit((key,), text, "", 'only with generator = "private"')


def _process(stream: Mapping[str, Any], names: list[str]) -> Iterator[Misfit]:
    """A generator that needs to be told, and distributions of columns that there are not."""
    process = stream.get("process")
    key = {"process": "function", "declared": "column"}.get(str(stream.get("generator")))
    declared = process if isinstance(process, Mapping) else {}
    if key is not None and not declared.get(key):
        yield Misfit(
            ("generator",),
            f"needs '{key}' under [stream.NAME.process]",
            repr(stream.get("generator")),
            "",
        )
    columns = declared.get("column")
    for name in columns if isinstance(columns, Mapping) else ():
        if name not in names:
            text = f"is no declared column{did_you_mean(name, names)}"
            yield Misfit(("process", "column", name), text, "", ", ".join(names))


def _law(i: int, law: Mapping[str, Any], names: list[str], numeric: list[str]) -> Iterator[Misfit]:
    key, used = _columns_of(law)
    for name in used:
        if name not in names:
            text = f"speaks of {name!r}, which is no declared column{did_you_mean(name, names)}"
        elif name not in numeric:
            text = f"speaks of {name!r}, which is a category"
        else:
            continue
        yield Misfit(("law", i, key), text, "", f"the numeric columns {', '.join(numeric)}")


def _columns_of(law: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The key of a law that names columns, and the names."""
    match law:
        case {"sum": [*columns]} if all(isinstance(name, str) for name in columns):
            return "sum", tuple(dict.fromkeys(columns))
        case {"order": [*columns]} if all(isinstance(name, str) for name in columns):
            return "order", tuple(dict.fromkeys(columns))
        case {"equation": str(equation)}:
            try:
                return "equation", EquationLaw(equation).columns
            except ValueError:
                return "equation", ()
    return "", ()
