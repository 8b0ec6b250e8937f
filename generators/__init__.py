"""Pure modelling: what makes synthetic batches from real rows."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .auto import Auto
    from .diffusion import Diffusion
    from .errors import (
        ConflictingLaws,
        GeneratorError,
        NeedsTorch,
        NotFitted,
        ShortOfRows,
        TooFewRows,
        UnknownGenerator,
        UnsuitableRows,
        WrongState,
    )
    from .generator import Generator
    from .progress import Progress
    from .registry import GENERATORS, create
    from .trees import Trees

__all__ = [
    "GENERATORS",
    "Auto",
    "ConflictingLaws",
    "Diffusion",
    "Generator",
    "GeneratorError",
    "NeedsTorch",
    "NotFitted",
    "Progress",
    "ShortOfRows",
    "TooFewRows",
    "Trees",
    "UnknownGenerator",
    "UnsuitableRows",
    "WrongState",
    "create",
]

_HOME: Final[dict[str, str]] = {
    "GENERATORS": "registry",
    "Auto": "auto",
    "Diffusion": "diffusion",
    "Generator": "generator",
    "Progress": "progress",
    "Trees": "trees",
    "create": "registry",
}


def __getattr__(name: str) -> Any:
    """A public name from its file, imported when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
