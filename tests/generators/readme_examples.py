"""The examples of ``generators/README.md``, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "generators" / "README.md"


def example(section: str, language: str) -> str:
    """The first block of code in one language under a heading."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")
    found = re.search(rf"```{language}\n(.*?)```", rest.split("\n## ")[0], re.S)
    assert found is not None, f"no {language} under {section!r}"
    return found[1]
