"""Wasserstein GAN: a maker of rows against a critic."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from halflife.schemas.table import Table

from .layout import Layout
from .neural import Neural, NeuralOptions

if TYPE_CHECKING:
    from .networks.adversarial import Adversarial
    from .networks.noise import Noise


class WGAN(Neural):
    """A Wasserstein GAN with gradient penalty and spectral normalisation, for any conditions.

    A step trains the critic twice and the maker once. Training stops by the energy distance of
    rows held out, as the losses of a GAN do not tell how far it has come. What all neural
    generators share is told by `Neural`.

    Args:
        table: What the columns are, and the laws to keep.
        steps: Most training steps.
        hidden: Units of each layer.
        layers: Blocks of the maker, layers of the critic.
        rate: Highest learning rate.
        options: See `NeuralOptions`.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a size below 1.

    Example:
        >>> from halflife.schemas.table import Column
        >>> WGAN(Table((Column(name="x"),)), steps=500).parameters["steps"]
        500

    Reference:
        I. Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017; T. Miyato et
        al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    """

    name: ClassVar[str] = "wgan"
    patience: ClassVar[int] = 10
    betas: ClassVar[tuple[float, float]] = (0.0, 0.9)

    def __init__(
        self,
        table: Table,
        *,
        steps: int = 2000,
        hidden: int = 96,
        layers: int = 2,
        rate: float = 3e-3,
        **options: Unpack[NeuralOptions],
    ) -> None:
        super().__init__(table, steps=steps, hidden=hidden, layers=layers, rate=rate, **options)

    def network(self, layout: Layout, noise: Noise) -> Adversarial:
        """Maker and critic."""
        from .networks.adversarial import Adversarial

        return Adversarial(layout, self.hidden, self.layers, noise)
