"""Variational autoencoder: rows from a few hidden numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from halflife.schemas.table import Table

from .layout import Layout
from .neural import Neural, NeuralOptions

if TYPE_CHECKING:
    from .networks.noise import Noise
    from .networks.variational import Variational


class VAE(Neural):
    """A variational autoencoder whose decoder draws from mixtures, for any conditions.

    A row comes from sixteen hidden normal numbers; each of its columns from a mixture of normal
    laws of its score, or from a distribution over levels. Encoder and prior are told what is
    given, so that any columns may be. What all neural generators share is told by `Neural`.

    Args:
        table: What the columns are, and the laws to keep.
        steps: Most training steps.
        hidden: Units of each layer.
        layers: Residual blocks of encoder and decoder.
        rate: Highest learning rate.
        weight: Of the divergence of encoder and prior; below 1 rows are met more sharply and the
            prior less.
        options: See `NeuralOptions`.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a size below 1, or a weight that is not positive.

    Example:
        >>> from halflife.schemas.table import Column
        >>> VAE(Table((Column(name="x"),)), steps=500).parameters["steps"]
        500

    Reference:
        D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014; O. Ivanov, M. Figurnov,
        D. Vetrov, "Variational Autoencoder with Arbitrary Conditioning", ICLR 2019.
    """

    name: ClassVar[str] = "vae"

    def __init__(
        self,
        table: Table,
        *,
        steps: int = 2000,
        hidden: int = 96,
        layers: int = 2,
        rate: float = 8e-3,
        weight: float = 1.0,
        **options: Unpack[NeuralOptions],
    ) -> None:
        super().__init__(table, steps=steps, hidden=hidden, layers=layers, rate=rate, **options)
        if not weight > 0:
            raise ValueError(f"weight must be positive: {weight}")
        self.weight = weight

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {**super().parameters, "weight": self.weight}

    def network(self, layout: Layout, noise: Noise) -> Variational:
        """Encoder, prior and decoder."""
        from .networks.variational import Variational

        return Variational(layout, self.hidden, self.layers, self.weight, noise)
