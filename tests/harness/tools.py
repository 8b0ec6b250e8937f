"""Programs that only tests need; where one is missing they are skipped, but never by CI."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(*names: str) -> str:
    """The path of a program, under the first of its names that there is.

    Debian calls Alertmanager ``prometheus-alertmanager``.
    """
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    text = f"no {names[0]} here: make tools"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)
