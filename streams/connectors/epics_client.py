"""Listens to channels of EPICS, wherever on the network they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Self

from .epics_circuit import EpicsCircuit
from .epics_search import EpicsSearch
from .epics_update import EpicsUpdate

_MOST_WAITING: Final = 10_000
_PAUSE: Final = 0.5
_GONE_PAUSE: Final = 5.0


class EpicsClient:
    """Finds channels, listens to them, and finds them again when they are gone.

    Whoever enters can take `updates`; whoever leaves lets go of all connections. Nothing is left
    behind: there is no repeater, and nothing is written to any server.

    Args:
        names: Of the channels.
        places: Addresses where servers are searched for, and ports.
        highest: The last element that somebody wants of an array, by name of the channel.
        clock: Seconds since 1970.
        user: Name that servers are told.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        places: Sequence[tuple[str, int]],
        highest: Mapping[str, int],
        clock: Callable[[], float],
        user: str,
    ) -> None:
        self.updates: asyncio.Queue[EpicsUpdate] = asyncio.Queue(_MOST_WAITING)
        self._names = list(names)
        self._search = EpicsSearch(places, self._found)
        self._highest = highest
        self._clock = clock
        self._user = user
        self._circuits: dict[tuple[str, int], EpicsCircuit] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_trouble = ""

    @property
    def trouble(self) -> str:
        """What last went wrong, for people; empty if nothing did."""
        return self._last_trouble or self._search.trouble

    def last_heard(self, server: str) -> float | None:
        """When a server that is connected was last heard; None if it is not."""
        return next((c.heard for c in self._circuits.values() if c.server == server), None)

    async def __aenter__(self) -> Self:
        self._spawn(self._search.run())
        self._search.want(self._names)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _found(self, name: str, address: tuple[str, int], version: int) -> None:
        circuit = self._circuits.get(address)
        if circuit is None:
            circuit = self._circuits[address] = EpicsCircuit(
                address,
                version,
                highest=self._highest,
                clock=self._clock,
                tell=self.updates.put,
                gone=lambda gone: self._spawn(self._want([gone], _GONE_PAUSE)),
                user=self._user,
            )
            self._spawn(self._listen(address, circuit))
        circuit.add([name])

    async def _listen(self, address: tuple[str, int], circuit: EpicsCircuit) -> None:
        """Hear one server until it is gone, then search for its channels again."""
        try:
            await circuit.run()
        except Exception as error:  # noqa: BLE001  # what a server says may cost its connection only
            text = str(error) or type(error).__name__
        del self._circuits[address]
        self._last_trouble = f"{circuit.server}: {text}"
        for name in sorted(circuit.names):
            await self.updates.put(
                EpicsUpdate(
                    pv=name, kind="down", server=circuit.server, heard=circuit.heard, text=text
                )
            )
        await self._want(circuit.names, _PAUSE)

    async def _want(self, names: Iterable[str], pause: float) -> None:
        await asyncio.sleep(pause)
        self._search.want(names)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._last_trouble = f"{type(error).__name__}: {error}"
