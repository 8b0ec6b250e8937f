"""Finding nodes of an OPC UA server: by id, by path, and everything under one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from .errors import SourceRefused
from .opcua_node_text import NodeText, Step

if TYPE_CHECKING:
    from asyncua import Client, Node, ua

_MOST_NODES: Final = 20_000
_DEEPEST: Final = 20
_MOST_NAMES: Final = 12
_SERVER: Final = 2253
_HAS_PROPERTY: Final = 46


class OpcuaBrowser:
    """Looks through the address space of one session.

    Args:
        client: Connected.
        namespaces: Its namespaces, in their order.
    """

    def __init__(self, client: Client, namespaces: Sequence[str]) -> None:
        self._client = client
        self._namespaces = list(namespaces)

    def number(self, namespace: int | str) -> int:
        """The number of a namespace in this session.

        Raises:
            SourceRefused: If the server does not have it.
        """
        if isinstance(namespace, int):
            return namespace
        if namespace in self._namespaces:
            return self._namespaces.index(namespace)
        there = ", ".join(self._namespaces)
        raise SourceRefused(f"the server has no namespace {namespace!r}; it has {there}")

    async def find(self, place: NodeText) -> Node:
        """The node that a text of the lab file means; whether an id exists shows when it is read.

        Raises:
            SourceRefused: For a path that leads nowhere, with what there is instead.
        """
        from asyncua import ua

        if place.identifier:
            number = self.number(place.namespace)
            try:
                node_id = ua.NodeId.from_string(f"ns={number};{place.identifier}")
            except (ua.UaError, ValueError) as error:
                raise SourceRefused(f"{place.text!r} is no id of a node: {error}") from error
            return self._client.get_node(node_id)
        from_root = place.steps[0] == Step(0, "Objects")
        node = self._client.nodes.root if from_root else self._client.nodes.objects
        for step in place.steps:
            node = await self._child(node, step, place.text)
        return node

    async def children(self, node: Node) -> list[Any]:
        """Descriptions of the objects and variables below a node, without its properties."""
        from asyncua import ua

        found = await node.get_references(
            ua.ObjectIds.HierarchicalReferences,
            ua.BrowseDirection.Forward,
            ua.NodeClass.Object | ua.NodeClass.Variable,
        )
        return [each for each in found if each.ReferenceTypeId.Identifier != _HAS_PROPERTY]

    async def child(self, node: Node, namespace: int | None, name: str) -> Node | None:
        """The child with a browse name; None if there is none.

        Args:
            node: Above it.
            namespace: Its number; None for any.
            name: Its text.
        """
        for each in await self.children(node):
            if each.BrowseName.Name == name and namespace in {
                None,
                each.BrowseName.NamespaceIndex,
            }:
                return self._client.get_node(each.NodeId)
        return None

    async def variables_under(self, top: Node) -> dict[str, ua.NodeId]:
        """All variables under a node, by the path of their browse names with dots between.

        Raises:
            SourceRefused: If there are too many.
        """
        from asyncua import ua

        found: dict[str, ua.NodeId] = {}
        seen = {top.nodeid}
        todo: list[tuple[Node, str, int]] = [(top, "", 0)]
        while todo:
            node, path, depth = todo.pop(0)
            for each in await self.children(node):
                if each.NodeId in seen or each.NodeId == ua.NodeId(_SERVER):
                    continue
                seen.add(each.NodeId)
                name = f"{path}{each.BrowseName.Name}"
                if each.NodeClass == ua.NodeClass.Variable:
                    # Two namespaces may use the same word beside each other.
                    name = f"{name}:{each.BrowseName.NamespaceIndex}" if name in found else name
                    found[name] = each.NodeId
                if depth < _DEEPEST:
                    todo.append((self._client.get_node(each.NodeId), f"{name}.", depth + 1))
            if len(seen) > _MOST_NODES:
                said = f"more than {_MOST_NODES:,} nodes are under {top}: browse less of them"
                raise SourceRefused(said)
        return found

    async def names_under(self, node: Node) -> str:
        """The browse names below a node, for people."""
        names = [
            f"{each.BrowseName.NamespaceIndex}:{each.BrowseName.Name}"
            for each in await self.children(node)
        ]
        more = ", ..." if len(names) > _MOST_NAMES else ""
        return ", ".join(names[:_MOST_NAMES]) + more or "nothing"

    async def _child(self, node: Node, step: Step, text: str) -> Node:
        number = self.number(step.namespace)
        found = await self.child(node, number, step.name)
        if found is None:
            there = await self.names_under(node)
            raise SourceRefused(
                f"{text!r}: {number}:{step.name} is not there; on its place are {there}"
            )
        return found
