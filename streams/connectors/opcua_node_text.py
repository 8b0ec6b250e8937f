"""Nodes of an OPC UA server as the lab file writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

_ID: Final = re.compile(r"(?:(nsu|ns)=([^;]*);)?([isgb])=(.+)", re.DOTALL)
_PREFIX: Final = re.compile(r"([0-9]+|[A-Za-z_][A-Za-z0-9_]*):(.+)", re.DOTALL)
_ESCAPED: Final = re.compile(r"&(.)", re.DOTALL)
_FORM: Final = "ns=2;s=Reactor.T, nsu=urn:lab;s=Reactor.T or 2:Reactor/2:Temperature"


class Step(NamedTuple):
    """A browse name: its namespace, as a number or a URI, and its text."""

    namespace: int | str
    name: str


@dataclass(frozen=True, slots=True)
class NodeText:
    """A node by its id, or by the browse names that lead to it.

    Args:
        text: As it was written.
        namespace: Of the id: its number in the server, or its URI.
        identifier: The id without its namespace, such as ``s=Reactor.T``; empty for a path.
        steps: The path; empty for an id.

    Example:
        >>> parse_node("nsu=urn:lab;s=Reactor.T").namespace
        'urn:lab'
        >>> parse_node("lab:Reactor/2:T&/2", {"lab": "urn:lab"}).steps
        (Step(namespace='urn:lab', name='Reactor'), Step(namespace=2, name='T/2'))
    """

    text: str
    namespace: int | str = 0
    identifier: str = ""
    steps: tuple[Step, ...] = ()


def parse_node(text: str, namespaces: Mapping[str, str] | None = None) -> NodeText:
    """What a text says of a node.

    In a path, ``&`` before ``/``, ``:`` or ``&`` makes a common letter of it.

    Args:
        text: A node id, or browse names with ``/`` between.
        namespaces: URIs by the short names that may stand in place of numbers.

    Raises:
        ValueError: If it is neither.
    """
    known = namespaces or {}
    found = _ID.fullmatch(text)
    if found is None:
        pieces = re.findall(r"(?:&.|[^/&])+", text, re.DOTALL)
        if "/".join(pieces) != text.removeprefix("/") or not pieces:
            raise ValueError(f"{text!r} is no node such as {_FORM}")
        return NodeText(text, steps=tuple(_step(piece, known) for piece in pieces))
    kind, space, letter, rest = found.groups()
    if letter == "i" and not (rest.isascii() and rest.isdigit() and int(rest) < 1 << 32):
        raise ValueError(f"{text!r}: an id that begins with i= is a number")
    if kind == "nsu":
        # The two letters that a URI cannot have there are escaped (OPC 10000-6, 5.3.1.11).
        return NodeText(text, space.replace("%3B", ";").replace("%25", "%"), f"{letter}={rest}")
    return NodeText(text, _namespace(space or "0", known, text), f"{letter}={rest}")


def _step(piece: str, known: Mapping[str, str]) -> Step:
    found = _PREFIX.fullmatch(piece)
    if found is None:
        return Step(0, _ESCAPED.sub(r"\1", piece))
    return Step(_namespace(found[1], known, piece), _ESCAPED.sub(r"\1", found[2]))


def _namespace(text: str, known: Mapping[str, str], place: str) -> int | str:
    if text in known:
        return known[text]
    if text.isascii() and text.isdigit() and int(text) < 1 << 16:
        return int(text)
    names = ", ".join(known) or "none"
    raise ValueError(f"{place!r}: {text!r} is no namespace; the lab file names {names}")
