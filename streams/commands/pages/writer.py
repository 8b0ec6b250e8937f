"""Templates beside this file, filled so that what a stranger named stays text."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_page(template: str, **content: Any) -> str:
    """A page out of a template.

    Every text is escaped but those marked by :func:`drawn`.

    Args:
        template: Name of a file beside this one.
        content: What it names.

    Raises:
        jinja2.UndefinedError: For something named and not given.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)


def drawn(svg: str) -> Any:
    """A picture of ours: markup that a template takes as it is."""
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704  # matplotlib has escaped its texts, and Picture its words
