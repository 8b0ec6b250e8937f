"""Which Halflife a worker runs."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Gauge


def tell_build(registry: CollectorRegistry, worker: str) -> None:
    """Show version and Python of this process as ``halflife_build_info``.

    Args:
        registry: Where it is collected.
        worker: ``monitor`` or ``generator``.

    Example:
        >>> registry = CollectorRegistry()
        >>> tell_build(registry, "monitor")
        >>> [sample.labels["worker"] for m in registry.collect() for sample in m.samples]
        ['monitor']
    """
    try:
        release = version("halflife")
    except PackageNotFoundError:  # run from a checkout that is not installed
        release = "unknown"
    info = Gauge(
        "halflife_build_info",
        "Version of this worker; always 1.",
        ("worker", "version", "python"),
        registry=registry,
    )
    info.labels(worker, release, platform.python_version()).set(1)
