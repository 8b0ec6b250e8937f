"""The files of the page: from the package, with plotly.js from the plotly package."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final

from aiohttp import web

_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_PLOTLY: Final = "plotly.min.js"


class Asset:
    """A file that is served: read and packed when it is first asked for, and kept packed.

    Args:
        name: With the ending that tells what it is.
        read: Its bytes.
    """

    def __init__(self, name: str, read: Callable[[], bytes]) -> None:
        self.name = name
        self._read = read

    @cached_property
    def packed(self) -> bytes:
        """By gzip, the same bytes each time."""
        return gzip.compress(self._read(), compresslevel=6, mtime=0)

    @cached_property
    def tag(self) -> str:
        """Changes with the file."""
        return hashlib.blake2b(self.packed, digest_size=8).hexdigest()

    @property
    def body(self) -> bytes:
        """As it is, for the few that take nothing packed."""
        return gzip.decompress(self.packed)

    async def answer(self, request: web.Request) -> web.Response:
        """The file, packed for who takes that; 304 for who has it already."""
        # plotly.js takes a quarter of a second to pack, once: the records are not held up by it.
        etag = f'"{await asyncio.to_thread(lambda: self.tag)}"'
        # To be asked about each time, which costs 304 and no body: an update is seen at once.
        headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = self.packed, "gzip"
        else:
            body = await asyncio.to_thread(lambda: self.body)
        kind = _TYPES[PurePosixPath(self.name).suffix]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


class Assets:
    """All files of the page by their names.

    Example:
        >>> assets = Assets()
        >>> assets["index.html"].body[:15].decode()
        '<!doctype html>'
        >>> "plotly.min.js" in assets, "../site.py" in assets
        (True, False)
    """

    def __init__(self) -> None:
        folder = files(__package__) / "static"
        found = [file for file in folder.iterdir() if PurePosixPath(file.name).suffix in _TYPES]
        self._assets = {file.name: Asset(file.name, file.read_bytes) for file in found}
        self._assets[_PLOTLY] = Asset(_PLOTLY, _plotly)

    @property
    def names(self) -> list[str]:
        """Of all files."""
        return sorted(self._assets)

    def __contains__(self, name: str) -> bool:
        return name in self._assets

    def __getitem__(self, name: str) -> Asset:
        """The file of a name.

        Raises:
            KeyError: If the page has none of that name.
        """
        return self._assets[name]


def _plotly() -> bytes:
    # Not by `import plotly`: that takes its time, and only the file is wanted.
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package plotly is not installed; charts need its plotly.js")
    return (Path(found.origin).parent / "package_data" / _PLOTLY).read_bytes()
