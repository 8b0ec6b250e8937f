"""Laboratory devices as LADS (OPC 30500) describes them: units with functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .opcua_browser import OpcuaBrowser
from .opcua_variable import MEASURED, SET_POINT

if TYPE_CHECKING:
    from asyncua import Client, Node, ua

LADS: Final = "http://opcfoundation.org/UA/LADS/"
_DEVICES: Final = "DeviceSet"
_UNITS: Final = "FunctionalUnitSet"
_FUNCTIONS: Final = "FunctionSet"
_DEEPEST: Final = 5
_VALUES: Final = {"SensorValue": MEASURED, "CurrentValue": MEASURED, "TargetValue": SET_POINT}
"""Variables of functions that tell what is and what shall be; others are settings and limits."""


class LadsValue(NamedTuple):
    """A value of a function."""

    node: ua.NodeId
    role: str


async def lads_values(client: Client, browser: OpcuaBrowser) -> dict[str, LadsValue]:
    """Values of all functions of all devices, by ``Device.Unit.Function``.

    What a sensor or a controller measures has the name of its function; what a controller is told
    has that name with ``.TargetValue``.

    Args:
        client: Connected to a server that has the namespace of LADS.
        browser: Of it.
    """
    functions = _Functions(client, browser)
    devices = await browser.child(client.nodes.objects, None, _DEVICES)
    for device in [] if devices is None else await browser.children(devices):
        units = await browser.child(client.get_node(device.NodeId), None, _UNITS)
        for unit in [] if units is None else await browser.children(units):
            name = f"{device.BrowseName.Name}.{unit.BrowseName.Name}"
            node = client.get_node(unit.NodeId)
            await functions.add(node, name, _DEEPEST)
    return functions.found


class _Functions:
    """Gathers the values of functions, which may have functions themselves."""

    def __init__(self, client: Client, browser: OpcuaBrowser) -> None:
        self.found: dict[str, LadsValue] = {}
        self._client = client
        self._browser = browser

    async def add(self, node: Node, name: str, deepest: int) -> None:
        """Add the values of all functions below a unit or a function."""
        functions = await self._browser.child(node, None, _FUNCTIONS)
        for function in [] if functions is None else await self._browser.children(functions):
            inner = self._client.get_node(function.NodeId)
            path = f"{name}.{function.BrowseName.Name}"
            for each in await self._browser.children(inner):
                role = _VALUES.get(each.BrowseName.Name)
                if role is not None:
                    target = ".TargetValue" if role == SET_POINT else ""
                    self.found[path + target] = LadsValue(each.NodeId, role)
            if deepest:
                await self.add(inner, path, deepest - 1)
