"""Which variables of an OPC UA server a source hears, and what is known of them beforehand."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.errors import LabFileError
from halflife.schemas.problem import Problem
from halflife.schemas.sources.opcua_source import OpcuaSource

from .errors import SourceRefused
from .opcua_browser import OpcuaBrowser
from .opcua_lads import LADS, lads_values
from .opcua_node_text import NodeText, parse_node
from .opcua_values import StructureError, plain
from .opcua_variable import OpcuaVariable

if TYPE_CHECKING:
    from asyncua import Client, ua

log = logging.getLogger(__name__)

_AT_ONCE: Final = 500
_HAS_PROPERTY: Final = 46
_UNIT: Final = "EngineeringUnits"
_WORDS: Final = ("EnumStrings", "EnumValues")
_TYPES_OF_THE_STANDARD: Final = 100
"""Data types of namespace 0 below this number are no enumerations that anybody would hear."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The nodes that the lab file names, read before anything is connected.

    Args:
        nodes: By the names of their values.
        browse: The node under which everything is heard.
        trigger: Name of the variable whose change makes a record.
        trigger_node: It as a node, where it is no name of ``nodes``.
    """

    nodes: Mapping[str, NodeText]
    browse: NodeText | None
    trigger: str | None
    trigger_node: NodeText | None


def wanted(plan: OpcuaSource) -> Wanted:
    """What a plan names.

    Raises:
        LabFileError: For texts that can be no nodes.
    """
    problems: list[Problem] = []

    def read(key: str, text: str) -> NodeText | None:
        try:
            return parse_node(text, plan.namespaces)
        except ValueError as error:
            path = f"source.{plan.name}.{key}"
            problems.append(Problem(path=path, text=str(error), value=repr(text)))
            return None

    nodes = {name: read(f"nodes.{name}", text) for name, text in plan.nodes.items()}
    browse = None if plan.browse is None else read("browse", plan.browse)
    trigger = None
    # What is browsed may have the trigger's name, which then need not be a node as text.
    if plan.trigger is not None and plan.trigger not in plan.nodes:
        try:
            trigger = parse_node(plan.trigger, plan.namespaces)
        except ValueError:
            if plan.nodes and plan.browse is None and not plan.lads:
                read("trigger", plan.trigger)
    if problems:
        raise LabFileError(problems)
    return Wanted({n: t for n, t in nodes.items() if t is not None}, browse, plan.trigger, trigger)


async def find_variables(client: Client, plan: OpcuaSource, what: Wanted) -> list[OpcuaVariable]:
    """The variables of a source in this session.

    Raises:
        SourceRefused: For nodes that are not there or are structures, and if there is nothing.
    """
    browser = OpcuaBrowser(client, await client.get_namespace_array())
    found = {name: (await browser.find(text)).nodeid for name, text in what.nodes.items()}
    named = set(found)
    roles: dict[str, str] = {}
    if what.browse is not None:
        found = {**await browser.variables_under(await browser.find(what.browse)), **found}
    if plan.lads or (plan.lads is None and not found):
        if LADS in await client.get_namespace_array():
            values = await lads_values(client, browser)
            found = {**{name: value.node for name, value in values.items()}, **found}
            roles = {name: value.role for name, value in values.items() if name not in named}
        elif plan.lads:
            raise SourceRefused(f"{plan.url} has no laboratory devices (namespace {LADS})")
    if what.trigger is not None and what.trigger not in found:
        if what.trigger_node is None:
            raise SourceRefused(f"trigger {what.trigger!r} is none of {_some(found)}")
        found[what.trigger] = (await browser.find(what.trigger_node)).nodeid
        named.add(what.trigger)
    if not found:
        there = await browser.names_under(client.nodes.objects)
        said = f"nothing to hear: give nodes or browse; under Objects are {there}"
        raise SourceRefused(said)
    return await _looked_at(client, browser, found, roles, named)


async def _looked_at(
    client: Client,
    browser: OpcuaBrowser,
    found: Mapping[str, ua.NodeId],
    roles: Mapping[str, str],
    named: set[str],
) -> list[OpcuaVariable]:
    """Variables with units and words; structures are left out, and refused where they are named."""
    from asyncua import ua

    ids = list(found.values())
    values = await _read(client, ids, ua.AttributeIds.Value)
    types = await _read(client, ids, ua.AttributeIds.DataType)
    units = [_unit_of(each) for each in await _properties(client, ids, _UNIT)]
    words = await _words(client, ids, types)
    variables, problems = [], []
    for i, (name, node) in enumerate(found.items()):
        status = values[i].StatusCode.value if values[i].StatusCode else 0
        code = ua.StatusCode(status).name
        if code in {"BadNodeIdUnknown", "BadNodeIdInvalid", "BadAttributeIdInvalid"}:
            problems.append((name, f"{node.to_string()} is no variable of the server ({code})"))
            continue
        value = values[i].Value.Value if values[i].Value else None
        try:
            plain(value)
        except StructureError as error:
            parts = await browser.names_under(client.get_node(node))
            said = f"{node.to_string()} is {error}: name its parts; below it are {parts}"
            problems.append((name, said))
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        unit, role = units[i], roles.get(name, "")
        variables.append(OpcuaVariable(name, node, unit, role, words[i], number and not words[i]))
    wrong = [f"{name}: {said}" for name, said in problems if name in named]
    if wrong:
        raise SourceRefused("; ".join(wrong[:10]))
    for name, said in problems:
        log.warning("left out: %s: %s", name, said)
    return variables


async def _words(
    client: Client, ids: Sequence[ua.NodeId], types: Sequence[Any]
) -> list[dict[int, str]]:
    """What the numbers of each variable stand for: said by itself, or by its type."""
    own = [await _properties(client, ids, name) for name in _WORDS]
    kinds = [each.Value.Value if each.Value else None for each in types]
    asked = {
        kind
        for kind in kinds
        if kind is not None
        and (kind.NamespaceIndex != 0 or kind.Identifier >= _TYPES_OF_THE_STANDARD)
    }
    order = list(asked)
    of_types: dict[Any, dict[int, str]] = {}
    for name in _WORDS:
        for kind, value in zip(order, await _properties(client, order, name), strict=True):
            of_types[kind] = _numbered(value) or of_types.get(kind, {})
    return [
        _numbered(strings) or _numbered(numbers) or of_types.get(kind, {})
        for strings, numbers, kind in zip(*own, kinds, strict=True)
    ]


def _numbered(value: Any) -> dict[int, str]:
    """Words by their numbers, of EnumStrings or EnumValues."""
    if not isinstance(value, list):
        return {}
    if all(hasattr(each, "DisplayName") for each in value):
        return {int(each.Value): str(each.DisplayName.Text) for each in value}
    return {i: str(each.Text) for i, each in enumerate(value) if hasattr(each, "Text")}


def _unit_of(value: Any) -> str:
    name = getattr(getattr(value, "DisplayName", None), "Text", None)
    return str(name).strip() if name else ""


async def _properties(client: Client, ids: Sequence[ua.NodeId], name: str) -> list[Any]:
    """The value of a property of each node; None where it has none."""
    from asyncua import ua

    step = ua.RelativePathElement()
    step.ReferenceTypeId = ua.NodeId(_HAS_PROPERTY)
    step.IsInverse = False
    step.IncludeSubtypes = True
    step.TargetName = ua.QualifiedName(name, 0)
    found: list[Any] = [None] * len(ids)
    for first in range(0, len(ids), _AT_ONCE):
        paths = [ua.BrowsePath(node, ua.RelativePath([step])) for node in ids[first:][:_AT_ONCE]]
        results = await client.uaclient.translate_browsepaths_to_nodeids(paths)
        there = {
            first + i: result.Targets[0].TargetId
            for i, result in enumerate(results)
            if result.StatusCode.is_good() and result.Targets
        }
        values = await _read(client, list(there.values()), ua.AttributeIds.Value)
        for i, value in zip(there, values, strict=True):
            found[i] = value.Value.Value if value.Value else None
    return found


async def _read(client: Client, ids: Sequence[ua.NodeId], attribute: ua.AttributeIds) -> list[Any]:
    """An attribute of each node."""
    found: list[Any] = []
    for first in range(0, len(ids), _AT_ONCE):
        nodes = [client.get_node(node) for node in ids[first:][:_AT_ONCE]]
        found += await client.read_attributes(nodes, attribute)
    return found


def _some(names: Mapping[str, Any]) -> str:
    return ", ".join(list(names)[:12]) or "no variables"
