"""Pure modelling: what makes synthetic batches from real rows."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .auto import Auto
    from .condition import Condition
    from .conditions import Where
    from .copula import Copula
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
    from .interpolation import Interpolation
    from .kde import KDE
    from .minority import Minority
    from .mixture import Mixture
    from .noise import Noise
    from .private import Private
    from .progress import Progress
    from .registry import GENERATORS, create, suited
    from .trees import Trees
    from .vae import VAE
    from .wgan import WGAN

__all__ = [
    "GENERATORS",
    "KDE",
    "VAE",
    "WGAN",
    "Auto",
    "Condition",
    "ConflictingLaws",
    "Copula",
    "Diffusion",
    "Generator",
    "GeneratorError",
    "Interpolation",
    "Minority",
    "Mixture",
    "NeedsTorch",
    "Noise",
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
    "suited",
]

_HOME: Final[dict[str, str]] = {
    "GENERATORS": "registry",
    "Auto": "auto",
    "Condition": "condition",
    "Copula": "copula",
    "Diffusion": "diffusion",
    "Generator": "generator",
    "Interpolation": "interpolation",
    "KDE": "kde",
    "Minority": "minority",
    "Mixture": "mixture",
    "Noise": "noise",
    "Private": "private",
    "Progress": "progress",
    "Trees": "trees",
    "VAE": "vae",
    "WGAN": "wgan",
    "Where": "conditions",
    "create": "registry",
    "suited": "registry",
}


def __getattr__(name: str) -> Any:
    """A public name from its file, imported when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
