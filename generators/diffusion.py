"""Diffusion: a small network that turns noise into rows, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from halflife.schemas.table import Table

from .layout import Layout
from .neural import Neural, NeuralOptions

if TYPE_CHECKING:
    from .networks.denoiser import Denoiser
    from .networks.noise import Noise


class Diffusion(Neural):
    """An EDM diffusion model of encoded rows, for numbers and categories alike.

    Training minimises EDM's denoising loss; sampling solves the probability flow equation by
    Heun's method. Conditions enter by classifier-free guidance. What all neural generators share
    is told by `Neural`.

    Args:
        table: What the columns are, and the laws to keep.
        steps: Most training steps.
        hidden: Units of each layer.
        layers: Residual blocks.
        rate: Highest learning rate.
        sampling_steps: Noise levels on the way from noise to rows.
        options: See `NeuralOptions`.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a size below 1.

    Example:
        >>> from halflife.schemas.table import Column
        >>> Diffusion(Table((Column(name="x"),)), steps=500).parameters["steps"]
        500

    Reference:
        T. Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
        NeurIPS 2022.
    """

    name: ClassVar[str] = "diffusion"

    def __init__(
        self,
        table: Table,
        *,
        steps: int = 2000,
        hidden: int = 128,
        layers: int = 3,
        rate: float = 4e-3,
        sampling_steps: int = 18,
        **options: Unpack[NeuralOptions],
    ) -> None:
        super().__init__(table, steps=steps, hidden=hidden, layers=layers, rate=rate, **options)
        if sampling_steps < 2:
            raise ValueError(f"sampling_steps is too small: {sampling_steps}")
        self.sampling_steps = sampling_steps

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        return {**super().parameters, "sampling_steps": self.sampling_steps}

    def network(self, layout: Layout, noise: Noise) -> Denoiser:
        """A denoiser."""
        from .networks.denoiser import Denoiser

        return Denoiser(layout, self.hidden, self.layers, self.sampling_steps, noise)
