"""One connection to a server of EPICS, and the channels on it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import caproto as ca

from .epics_update import EpicsUpdate
from .epics_values import elements_wanted, plain_value, stamp_of, unit_text

_CONNECT_SECONDS: Final = 5.0
_SILENT_SECONDS: Final = 3.0
_LARGEST: Final = 16 << 20
_READ: Final = 8192
_WITHOUT_UNIT: Final = (ca.ChannelType.STRING, ca.ChannelType.ENUM)
# Older servers do not say their version when they are connected to.
_SAYS_VERSION: Final = 12
_NOT_READABLE: Final = 3


class EpicsCircuit:
    """Listens to the channels of one server until it is gone.

    Built on the half of caproto that knows the protocol and does no I/O: its own clients take their
    addresses from the environment of the process, where several sources cannot differ, and start a
    process that outlives them. A server that says nothing is asked for an echo; one that does not
    answer is gone, though its connection stands.

    Args:
        address: Host and port.
        version: That the server speaks.
        highest: The last element that somebody wants of an array, by name of the channel.
        clock: Seconds since 1970.
        tell: Takes what is heard; while it waits, nothing is read.
        gone: Takes the name of a channel that the server has no more.
        user: Name that the server is told.
    """

    def __init__(
        self,
        address: tuple[str, int],
        version: int,
        *,
        highest: Mapping[str, int],
        clock: Callable[[], float],
        tell: Callable[[EpicsUpdate], Awaitable[None]],
        gone: Callable[[str], None],
        user: str,
    ) -> None:
        self.server = f"{address[0]}:{address[1]}"
        self.heard = clock()
        self.names: set[str] = set()
        self._address = address
        self._highest = highest
        self._clock = clock
        self._tell = tell
        self._gone = gone
        self._user = user
        self._state = ca.VirtualCircuit(
            our_role=ca.CLIENT, address=address, priority=0, protocol_version=version
        )
        self._is_ready = version < _SAYS_VERSION
        self._writer: Any = None
        self._units: dict[str, str | None] = {}
        self._reads: dict[int, Any] = {}
        self._subscriptions: dict[int, Any] = {}
        self._names: dict[int, str] = {}

    def add(self, names: Iterable[str]) -> None:
        """Listen to more channels of this server."""
        new = set(names) - self.names
        self.names |= new
        if self._is_ready and self._writer is not None:
            self._create(new)

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            OSError, TimeoutError, CaprotoError, ValueError: When the server is gone, does not
                answer, or says what nobody understands.
        """
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, self._writer = await asyncio.open_connection(*self._address)
        try:
            self._send(
                ca.VersionRequest(0, ca.DEFAULT_PROTOCOL_VERSION),
                ca.HostNameRequest(socket.gethostname()),
                ca.ClientNameRequest(self._user),
            )
            if self._is_ready:
                self._create(self.names)
            while True:
                for command in await self._receive(reader):
                    self._state.process_command(command)
                    await self._take(command)
        finally:
            self._writer.close()

    async def _receive(self, reader: asyncio.StreamReader) -> Iterable[Any]:
        """What comes next; asks for an echo where nothing does."""
        for is_last_chance in (False, True):
            try:
                async with asyncio.timeout(_SILENT_SECONDS):
                    data = await reader.read(_READ)
                break
            except TimeoutError:
                if is_last_chance:
                    raise TimeoutError("does not answer any more") from None
                self._send(ca.EchoRequest())
        if not data:
            raise ConnectionResetError("closed the connection")
        self.heard = self._clock()
        commands, needed = self._state.recv(data)
        if needed > _LARGEST:
            raise ValueError(f"wants to send {needed:,} bytes at once")
        return list(commands)

    async def _take(self, command: Any) -> None:
        match command:
            case ca.VersionResponse() if not self._is_ready:
                self._is_ready = True
                self._create(self.names)
            case ca.CreateChanResponse():
                await self._created(self._state.channels[command.cid])
            case ca.ReadNotifyResponse():
                self._described(self._reads.pop(command.ioid), command)
            case ca.EventAddResponse():
                await self._changed(self._subscriptions[command.subscriptionid], command)
            case ca.CreateChFailResponse():
                await self._lost(command.cid, "is not there any more")
            case ca.ServerDisconnResponse():
                await self._lost(command.cid, "was taken away by its server")
            case ca.ErrorResponse():
                said = bytes(command.error_message).split(b"\0", 1)[0].decode("latin-1")
                await self._lost(command.cid, f"is refused by its server: {said}")

    def _create(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            channel = ca.ClientChannel(name, self._state)
            self._names[channel.cid] = name
            self._send(channel.create())

    async def _created(self, channel: Any) -> None:
        """Ask what the values mean before the first of them can come."""
        await self._news(channel.name, "up")
        if channel.native_data_type in _WITHOUT_UNIT:
            self._subscribe(channel)
            return
        question = channel.read(data_type="control", data_count=1)
        self._reads[question.ioid] = channel
        self._send(question)

    def _described(self, channel: Any, answer: Any) -> None:
        unit = getattr(answer.metadata, "units", None) if answer.status.success else None
        self._units[channel.name] = None if unit is None else unit_text(unit)
        self._subscribe(channel)

    def _subscribe(self, channel: Any) -> None:
        native, room = channel.native_data_type, channel.native_data_count
        # The server knows the words of an enumeration, also after they changed.
        is_enum = native == ca.ChannelType.ENUM
        request = channel.subscribe(
            data_type=ca.ChannelType.TIME_STRING if is_enum else "time",
            data_count=elements_wanted(native, room, self._highest.get(channel.name, 0)),
            mask=ca.SubscriptionType.DBE_VALUE | ca.SubscriptionType.DBE_ALARM,
        )
        self._subscriptions[request.subscriptionid] = channel
        self._send(request)

    async def _changed(self, channel: Any, answer: Any) -> None:
        if not answer.payload_size or not answer.status.success:
            await self._news(channel.name, "value", severity=_NOT_READABLE)
            return
        about = answer.metadata
        await self._news(
            channel.name,
            "value",
            value=plain_value(channel.native_data_type, channel.native_data_count > 1, answer.data),
            severity=int(about.severity),
            stamp=stamp_of(about.secondsSinceEpoch, about.nanoSeconds),
            unit=self._units.get(channel.name),
        )

    async def _lost(self, number: int, text: str) -> None:
        """A channel is gone, while the connection is not."""
        name = self._names.pop(number, None)
        if name is not None:
            self.names.discard(name)
            await self._news(name, "down", text=text)
            self._gone(name)

    async def _news(self, name: str, kind: Any, **more: Any) -> None:
        await self._tell(
            EpicsUpdate(pv=name, kind=kind, server=self.server, heard=self.heard, **more)
        )

    def _send(self, *commands: Any) -> None:
        for part in self._state.send(*commands):
            self._writer.write(bytes(part))
