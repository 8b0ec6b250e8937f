"""A real OPC UA server as a process of its own; what it shall do is told on its standard input.

Each line of input is a JSON object; each is answered by a line ``done``:

    {"set": {"Temperature": [21.5, 1795000000.0, 0]}}   value, source time (null: now), status
    {"measure": 500, "every": 0.002, "log": "made.jsonl"}   records, each told by Count, going on
                                                            where the log ends
    {"measured": true}                                      answers when that is over
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from asyncua import Server, ua
from asyncua.server.user_managers import User, UserRole

OURS: Final = "urn:halflife:lab"
DI: Final = "http://opcfoundation.org/UA/DI/"
LADS: Final = "http://opcfoundation.org/UA/LADS/"
DOUBLE: Final = ua.VariantType.Double


class Users:
    """Lets in one name with one password."""

    def __init__(self, name: str, password: str) -> None:
        self._allowed = (name, password)

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        right = (username, password) == self._allowed
        return User(role=UserRole.User, name=username) if right else None


class Lab:
    """A reactor, and an incubator that speaks LADS."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.variables: dict[str, Any] = {}
        self.measuring: asyncio.Task[None] | None = None

    async def build(self, *, shift: int, lads: bool) -> None:
        for i in range(shift):
            await self.server.register_namespace(f"urn:other:{i}")
        space = await self.server.register_namespace(OURS)
        self.space = space
        reactor = await self.server.nodes.objects.add_object(
            ua.NodeId("Reactor", space), ua.QualifiedName("Reactor", space)
        )
        await self._add(reactor, "Temperature", 20.0, "°C")
        await self._add(reactor, "Pressure", 1013.0, "mbar")
        await self._add(reactor, "Target", 25.0, "°C")
        await self._add(reactor, "Count", 0)
        await self._add(reactor, "Done", False)
        await self._add(reactor, "Solvent", "water")
        await self._add(reactor, "Operator", ua.LocalizedText("Ada", "en"))
        await self._add(reactor, "Spectrum", [1.0, 2.5, 4.0])
        state = await self._add(reactor, "State", 1, kind=ua.VariantType.UInt32)
        words = [ua.LocalizedText(word) for word in ("Idle", "Running", "Broken")]
        await state.add_property(0, "EnumStrings", words)
        pump = await reactor.add_object(space, "Pump")
        await self._add(pump, "Speed", 60.0, "rpm")
        limits = await reactor.add_object(space, "Boxes")
        box = await self._add(limits, "Limits", ua.Range(0.0, 100.0))
        await self._add(box, "Low", 0.0, "°C")
        if lads:
            await self._build_incubator()

    async def _add(
        self, parent: Any, name: str, value: Any, unit: str = "", kind: Any = None
    ) -> Any:
        if kind is None and isinstance(value, int) and not isinstance(value, bool):
            kind = ua.VariantType.Int64
        node = await parent.add_variable(
            ua.NodeId(f"Reactor.{name}", self.space),
            ua.QualifiedName(name, self.space),
            ua.Variant(value, kind) if kind else value,
        )
        if unit:
            said = ua.EUInformation(
                NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
                DisplayName=ua.LocalizedText(unit),
            )
            await node.add_property(0, "EngineeringUnits", said)
            await node.add_property(0, "EURange", ua.Range(0.0, 500.0))
        self.variables[name] = node
        return node

    async def _build_incubator(self) -> None:
        di = await self.server.register_namespace(DI)
        lads = await self.server.register_namespace(LADS)
        objects = self.server.nodes.objects
        devices = await objects.add_object(di, "DeviceSet")
        device = await devices.add_object(self.space, "Incubator")
        units = await device.add_object(lads, "FunctionalUnitSet")
        unit = await units.add_object(self.space, "Chamber")
        functions = await unit.add_object(lads, "FunctionSet")
        control = await functions.add_object(self.space, "Temperature")
        sensor = await functions.add_object(self.space, "Humidity")
        space = self.space
        self.space = lads
        for parent, name, value, unit_name in (
            (control, "CurrentValue", 36.9, "°C"),
            (control, "TargetValue", 37.0, "°C"),
            (control, "Deviation", 0.1, "°C"),
            (sensor, "SensorValue", 55.0, "%"),
        ):
            await self._add(parent, name, value, unit_name)
        self.space = space

    async def set(self, changes: dict[str, list[Any]]) -> None:
        for name, (value, at, status) in changes.items():
            node = self.variables[name]
            kind = (await node.read_data_value()).Value.VariantType
            when = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
            await node.write_value(
                # Value, status, source's and server's time: asyncua 1 names them otherwise.
                ua.DataValue(
                    ua.Variant(value, kind), ua.StatusCode(status), when, datetime.now(UTC)
                )
            )

    async def measure(self, numbers: range, every: float, log: Path) -> None:
        """Records; a line of the log for each, before the server can have told it."""
        with log.open("a") as file:
            for n in numbers:
                at = time.time()
                file.write(json.dumps({"n": n, "time": at}) + "\n")
                file.flush()
                values = {"Temperature": n / 8, "Pressure": 1000.0 + n % 7}
                await self.set({name: [value, at, 0] for name, value in values.items()})
                await self.set({"Count": [n, at, 0]})
                await asyncio.sleep(every)


def next_numbers(log: Path, count: int) -> range:
    """Numbers that follow those of a log."""
    made = len(log.read_bytes().splitlines()) if log.exists() else 0
    return range(made + 1, made + count + 1)


async def obey(lab: Lab) -> None:
    """Do what each line of the input says."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if "set" in asked:
            await lab.set(asked["set"])
        if "measure" in asked:
            log = Path(asked["log"])
            numbers = next_numbers(log, asked["measure"])
            lab.measuring = asyncio.create_task(lab.measure(numbers, asked["every"], log))
        if "measured" in asked and lab.measuring is not None:
            await lab.measuring
        sys.stdout.write("done\n")
        sys.stdout.flush()


async def run(options: argparse.Namespace) -> None:
    """Serve until the input ends."""
    name, _, password = options.user.partition(":")
    server = Server(user_manager=Users(name, password) if name else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{options.port}/lab")
    server.set_server_name("Lab")
    if options.certificate:
        await server.set_application_uri("urn:halflife:lab:server")
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.load_certificate(options.certificate)
        await server.load_private_key(options.key)
    else:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    lab = Lab(server)
    await lab.build(shift=options.shift, lads=options.lads)
    async with server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await obey(lab)


def main() -> None:
    """Read the command line and serve."""
    logging.basicConfig(level=logging.CRITICAL)
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--shift", type=int, default=0, help="namespaces before ours")
    parser.add_argument("--lads", action="store_true")
    parser.add_argument("--user", default="", help="name:password, where nobody else is let in")
    parser.add_argument("--certificate", default="")
    parser.add_argument("--key", default="")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
