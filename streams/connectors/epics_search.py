"""Asks the network which server has a channel."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import caproto as ca

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 5.0
_LARGEST_DATAGRAM: Final = 1400

Found = Callable[[str, tuple[str, int], int], None]
"""Is told the name, the address of the server, and the version that it speaks."""


class EpicsSearch(asyncio.DatagramProtocol):
    """Searches for names until each is answered: soon after it is asked for, then more seldom.

    There is no repeater here: it would forward the beacons of servers that come up, and outlive
    us. In its place we go on asking, every five seconds.

    Args:
        places: Addresses to ask: hosts or broadcast addresses, and ports.
        found: Is told of answers.
    """

    def __init__(self, places: Sequence[tuple[str, int]], found: Found) -> None:
        self.trouble = ""
        self._places = places
        self._found = found
        self._codec = ca.Broadcaster(our_role=ca.CLIENT)
        self._wanted: dict[int, str] = {}
        self._next = 0
        self._again = asyncio.Event()
        self._transport: Any = None

    def want(self, names: Iterable[str]) -> None:
        """Begin to search for names."""
        for name in names:
            self._wanted[self._next % 2**32] = name
            self._next += 1
        self._again.set()

    async def run(self) -> None:
        """Ask until cancelled.

        Raises:
            OSError: If this machine has no network at all.
        """
        loop = asyncio.get_running_loop()
        room = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        room.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        room.setblocking(False)
        room.bind(("", 0))
        self._codec.client_address = room.getsockname()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=room)
        try:
            pause = _FIRST_PAUSE
            while True:
                self._ask()
                self._again.clear()
                try:
                    async with asyncio.timeout(pause if self._wanted else None):
                        await self._again.wait()
                    pause = _FIRST_PAUSE
                except TimeoutError:
                    pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take an answer; what is none is nobody's business: anybody may send datagrams."""
        try:
            commands = self._codec.recv(data, addr)
            answers = [
                (each.cid, ca.extract_address(each), each.version)
                for each in commands
                if isinstance(each, ca.SearchResponse)
            ]
        except (ca.CaprotoError, ValueError, TypeError, IndexError):
            return
        for number, address, version in answers:
            name = self._wanted.pop(number, None)
            if name is not None:
                self._found(name, address, version)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there now (ICMP): it is asked again."""
        self.trouble = str(exc)

    def _ask(self) -> None:
        begin = bytes(ca.VersionRequest(0, ca.DEFAULT_PROTOCOL_VERSION))
        letter = begin
        for number, name in self._wanted.items():
            question = bytes(ca.SearchRequest(name, number, ca.DEFAULT_PROTOCOL_VERSION))
            if len(letter) + len(question) > _LARGEST_DATAGRAM:
                self._send(letter)
                letter = begin
            letter += question
        if letter != begin:
            self._send(letter)

    def _send(self, letter: bytes) -> None:
        for place in self._places:
            try:
                self._transport.sendto(letter, place)
            except OSError as error:
                self.trouble = f"{place[0]}:{place[1]}: {error}"
