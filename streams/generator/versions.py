"""What a batch was made with: the libraries, the machine, the device."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from halflife.generators import Generator

_LIBRARIES: Final = ("halflife", "numpy", "scipy", "scikit-learn")


def versions(generator: Generator) -> dict[str, str]:
    """What can make the same training give other bits, by name.

    Args:
        generator: After it has trained, so that it knows its device.

    Example:
        >>> from halflife.generators import create
        >>> from halflife.schemas.table import Column, Table
        >>> sorted(versions(create("trees", Table((Column(name="x"),)))))[:4]
        ['halflife', 'machine', 'numpy', 'python']
    """
    found = {name: _version(name) for name in _LIBRARIES}
    if generator.neural and "torch" in sys.modules:
        found["torch"] = _version("torch")
    device = getattr(generator, "device_line", "")
    if device:
        found["device"] = device
    found["python"] = platform.python_version()
    found["machine"] = f"{platform.system()} {platform.machine()}"
    return found


def other_versions(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs, each with both values.

    Example:
        >>> other_versions({"numpy": "2.0.0", "scipy": "1.14"}, {"numpy": "2.1.0", "scipy": "1.14"})
        ['numpy 2.1.0 (then 2.0.0)']
    """
    return [
        f"{name} {now.get(name, 'none')} (then {then.get(name, 'none')})"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a checkout that was never installed
        return "unknown"
