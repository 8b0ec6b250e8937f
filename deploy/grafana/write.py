"""Writes the dashboards: ``python -m deploy.grafana.write``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from .lab import lab
from .service import service
from .stream import stream

FOLDER: Final = Path(__file__).parent / "dashboards"


def dashboards() -> dict[str, bytes]:
    """All dashboards by the name of their file."""
    return {
        f"{board.name}.json": (
            json.dumps(board.dashboard(), cls=JSONEncoder, indent=1, ensure_ascii=False) + "\n"
        ).encode()
        for board in (lab(), stream(), service())
    }


def main() -> None:
    """Write them."""
    for name, content in dashboards().items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
