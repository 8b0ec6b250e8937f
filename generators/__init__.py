"""Pure modelling: what makes synthetic batches from real rows."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .auto import Auto
    from .condition import Condition
    from .conditions import Where
    from .copula import Copula
    from .declared import Declared
    from .diffusion import Diffusion
    from .drawn_conditions import DrawnConditions
    from .errors import (
        BrokenGenerator,
        BrokenProcess,
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
    from .process import Process
    from .progress import Progress
    from .registry import GENERATORS, create, generator_names, suited
    from .trees import Trees
    from .vae import VAE
    from .wgan import WGAN

__all__ = [
    "GENERATORS",
    "KDE",
    "VAE",
    "WGAN",
    "Auto",
    "BrokenGenerator",
    "BrokenProcess",
    "Condition",
    "ConflictingLaws",
    "Copula",
    "Declared",
    "Diffusion",
    "DrawnConditions",
    "Generator",
    "GeneratorError",
    "Interpolation",
    "Minority",
    "Mixture",
    "NeedsTorch",
    "Noise",
    "NotFitted",
    "Private",
    "Process",
    "Progress",
    "ShortOfRows",
    "Sieved",
    "TooFewRows",
    "Trees",
    "UnknownGenerator",
    "UnsuitableCondition",
    "UnsuitableRows",
    "Where",
    "WrongState",
    "create",
    "generator_names",
    "suited",
]

_HOME: Final[dict[str, str]] = {
    "GENERATORS": "registry",
    "Auto": "auto",
    "Condition": "condition",
    "Copula": "copula",
    "Diffusion": "diffusion",
    "DrawnConditions": "drawn_conditions",
    "Generator": "generator",
    "Interpolation": "interpolation",
    "KDE": "kde",
    "Minority": "minority",
    "Mixture": "mixture",
    "Noise": "noise",
    "Private": "private",
    "Declared": "declared",
    "Process": "process",
    "Progress": "progress",
    "Sieved": "sieved",
    "Trees": "trees",
    "VAE": "vae",
    "WGAN": "wgan",
    "Where": "conditions",
    "create": "registry",
    "suited": "registry",
    "generator_names": "registry",
}


def __getattr__(name: str) -> Any:
    """A public name from its file, imported when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
