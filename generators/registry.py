"""The generators by name: ours, and those that installed packages bring."""

from __future__ import annotations

import inspect
from typing import Any, Final

from halflife.schemas.table import Table

from .auto import Auto
from .copula import Copula
from .declared import Declared
from .diffusion import Diffusion
from .errors import UnknownGenerator
from .generator import Generator
from .installed import installed_names, load_installed
from .interpolation import Interpolation
from .kde import KDE
from .minority import Minority
from .mixture import Mixture
from .noise import Noise
from .private import Private
from .process import Process
from .sieved import Sieved
from .trees import Trees
from .vae import VAE
from .wgan import WGAN

GENERATORS: Final[dict[str, type[Generator]]] = {
    "auto": Auto,
    "copula": Copula,
    "declared": Declared,
    "diffusion": Diffusion,
    "interpolation": Interpolation,
    "kde": KDE,
    "minority": Minority,
    "mixture": Mixture,
    "noise": Noise,
    "private": Private,
    "process": Process,
    "sieved": Sieved,
    "trees": Trees,
    "vae": VAE,
    "wgan": WGAN,
}


def create(name: str, table: Table, /, **options: Any) -> Generator:
    """A new generator by its name.

    Args:
        name: One of `generator_names`.
        table: Of the rows.
        options: Further arguments of its constructor.

    Raises:
        UnknownGenerator: With the names that there are.
        BrokenGenerator: For one of another package that cannot be used.
        TypeError: For an option that the generator does not have.

    Example:
        >>> from halflife.schemas.table import Column
        >>> create("trees", Table((Column(name="x"),))).name
        'trees'
    """
    return kind_of(name)(table, **options)


def suited(name: str, /, **options: Any) -> dict[str, Any]:
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


def generator_names() -> tuple[str, ...]:
    """All names, sorted: `GENERATORS`, and the entry points of installed packages.

    Example:
        >>> "trees" in generator_names()
        True
    """
    return tuple(sorted({*GENERATORS, *installed_names()}))


def kind_of(name: str) -> type[Generator]:
    """The class of a name; ours come before those of other packages.

    Raises:
        UnknownGenerator: With the names that there are.
        BrokenGenerator: For one of another package that cannot be used.
    """
    kind = GENERATORS.get(name) or load_installed(name)
    if kind is None:
        raise UnknownGenerator(f"no generator {name!r}; there are {', '.join(generator_names())}")
    return kind
