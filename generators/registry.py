"""The generators by name."""

from __future__ import annotations

import inspect
from typing import Any, Final

from halflife.schemas.table import Table

from .auto import Auto
from .copula import Copula
from .diffusion import Diffusion
from .errors import UnknownGenerator
from .generator import Generator
from .interpolation import Interpolation
from .kde import KDE
from .minority import Minority
from .mixture import Mixture
from .noise import Noise
from .private import Private
from .trees import Trees
from .vae import VAE
from .wgan import WGAN

GENERATORS: Final[dict[str, type[Generator]]] = {
    "auto": Auto,
    "copula": Copula,
    "diffusion": Diffusion,
    "interpolation": Interpolation,
    "kde": KDE,
    "minority": Minority,
    "mixture": Mixture,
    "noise": Noise,
    "private": Private,
    "trees": Trees,
    "vae": VAE,
    "wgan": WGAN,
}


def create(name: str, table: Table, **options: Any) -> Generator:
    """A new generator by its name.

    Args:
        name: One of `GENERATORS`.
        table: Of the rows.
        options: Further arguments of its constructor.

    Raises:
        UnknownGenerator: With the names that there are.
        TypeError: For an option that the generator does not have.

    Example:
        >>> from halflife.schemas.table import Column
        >>> create("trees", Table((Column(name="x"),))).name
        'trees'
    """
    return kind_of(name)(table, **options)


def suited(name: str, **options: Any) -> dict[str, Any]:
    """Those of the options that the constructor of a generator knows, and that are not None.

    Args:
        name: One of `GENERATORS`.
        options: Such as ``privacy``, which only some generators have.

    Raises:
        UnknownGenerator: With the names that there are.

    Example:
        >>> suited("trees", privacy=0.5), suited("trees", privacy=None)
        ({'privacy': 0.5}, {})
    """
    known = inspect.signature(kind_of(name)).parameters
    return {key: value for key, value in options.items() if key in known and value is not None}


def kind_of(name: str) -> type[Generator]:
    """The class of a name.

    Raises:
        UnknownGenerator: With the names that there are.
    """
    if name not in GENERATORS:
        raise UnknownGenerator(f"no generator {name!r}; there are {', '.join(sorted(GENERATORS))}")
    return GENERATORS[name]
