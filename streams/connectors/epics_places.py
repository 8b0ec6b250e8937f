"""Where on the network servers of EPICS are searched for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Final

from halflife.schemas.sources.epics_source import EpicsSource

from .errors import SourceAway, SourceRefused

_PORT: Final = 5064
_EVERYWHERE: Final = ("255.255.255.255", "127.0.0.1")


async def places_of(plan: EpicsSource, environ: Mapping[str, str]) -> list[tuple[str, int]]:
    """Addresses to ask, and ports: those of the plan, else of the environment, as EPICS reads it.

    Args:
        plan: Of the source.
        environ: All environment variables.

    Raises:
        SourceAway: For a host that has no address now.
        SourceRefused: If there is no place to ask at all, and for a port that is none.
    """
    texts = plan.addresses or environ.get("EPICS_CA_ADDR_LIST", "").split()
    is_wide = plan.auto_addresses
    if is_wide is None:
        default = plan.addresses is None and environ.get("EPICS_CA_AUTO_ADDR_LIST", "YES")
        is_wide = str(default).upper() == "YES"
    if is_wide:
        texts = [*texts, *_EVERYWHERE]
    if not texts:
        raise SourceRefused(
            f"source.{plan.name}: no server can be searched for: give 'addresses', or say "
            "'auto_addresses = true'"
        )
    usual = environ.get("EPICS_CA_SERVER_PORT") or str(_PORT)
    places = []
    for text in texts:
        host, _, given = text.partition(":")
        port = given or usual
        if not port.isdecimal() or not 0 < int(port) < 2**16:
            raise SourceRefused(f"source.{plan.name}: {port!r} is no port of a server ({text})")
        places.append((await _number_of(host), int(port)))
    return list(dict.fromkeys(places))


async def _number_of(host: str) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise SourceAway(f"{host} has no address: {error}") from None
    return str(found[0][4][0])
