"""Pure modelling: what makes synthetic batches from real rows."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .auto import Auto
    from .condition import Condition
    from .conditions import Where
    from .diffusion import Diffusion
    from .errors import (
        ConflictingLaws,
        GeneratorError,
        NeedsTorch,
        NotFitted,
        ShortOfRows,
        TooFewRows,
        UnknownGenerator,
        UnsuitableCondition,
        UnsuitableRows,
        WrongState,
    )
    from .generator import Generator
    from .private import Private
    from .progress import Progress
    from .registry import GENERATORS, create
    from .trees import Trees

__all__ = [
    "GENERATORS",
    "Auto",
    "Condition",
    "ConflictingLaws",
    "Diffusion",
    "Generator",
    "GeneratorError",
    "NeedsTorch",
    "NotFitted",
    "Private",
    "Progress",
    "ShortOfRows",
    "TooFewRows",
    "Trees",
    "UnknownGenerator",
    "UnsuitableCondition",
    "UnsuitableRows",
    "Where",
    "WrongState",
    "create",
]

_HOME: Final[dict[str, str]] = {
    "GENERATORS": "registry",
    "Auto": "auto",
    "Condition": "condition",
    "Diffusion": "diffusion",
    "Generator": "generator",
    "Private": "private",
    "Progress": "progress",
    "Trees": "trees",
    "Where": "conditions",
    "create": "registry",
}


def __getattr__(name: str) -> Any:
    """A public name from its file, imported when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
