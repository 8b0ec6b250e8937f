"""What every network that makes rows can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from halflife.generators.layout import Layout

from .noise import Noise

_GIVEN_ROWS = 0.5


class RowNetwork(nn.Module, ABC):
    """A network that makes encoded rows of random numbers, given any of their columns.

    What is given comes as a row of values and a mask of the same width, 1 where the value counts.
    In training, half of the rows are shown without any given column, the others with a random
    subset: a network for every condition and for none (classifier-free guidance).

    Args:
        layout: Of the encoded rows.

    Attributes:
        turns: Parts that are trained one after the other in each step, each with its loss.
        pace: By turn, the share of the learning rate that it takes; all of it where none is named.
        start_width: Standard normal numbers that `make` needs for a row.

    Reference:
        J. Ho, T. Salimans, "Classifier-Free Diffusion Guidance", arXiv 2207.12598 (2022).
    """

    turns: ClassVar[tuple[str, ...]] = ("all",)
    pace: ClassVar[dict[str, float]] = {}
    start_width: int
    owners: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.register_buffer("owners", torch.from_numpy(layout.owners.astype("int64")))

    def part(self, turn: str) -> Iterator[nn.Parameter]:  # noqa: ARG002  # most have one part
        """What a turn trains."""
        return self.parameters()

    def prepare(self, rows: Tensor) -> None:
        """Look at the encoded training rows, shape (n, width), before a cold start."""

    def finish(self, rows: Tensor, noise: Noise) -> None:
        """Set right what training leaves, on the weights that are kept, by the training rows."""

    @abstractmethod
    def loss(self, turn: str, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:
        """What a turn makes small, a mean over rows, shape ()."""

    @abstractmethod
    def held_out_loss(self, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:
        """How badly rows that were not trained on are met; smaller is better, shape ()."""

    @abstractmethod
    def make(self, start: Tensor, given: Tensor, mask: Tensor, guidance: float) -> Tensor:
        """Rows, shape (n, width), of standard normal numbers (n, start_width).

        Args:
            start: All that is random.
            given: Values of given columns, shape (n, width); 0 elsewhere.
            mask: 1 where ``given`` counts, shape (n, width).
            guidance: Weight of what is given: 1 follows it as it was learnt, more exaggerates.
        """

    @abstractmethod
    def keep(self, champion: Self) -> bool:
        """Take over the weights of an older network as far as they fit; whether any did."""

    def masks(self, rows: int, noise: Noise) -> Tensor:
        """Random sets of given columns, shape (rows, width)."""
        columns = len(self.layout.columns)
        known = noise.uniform(rows, columns) < noise.uniform(rows, 1)
        known &= noise.uniform(rows, 1) < _GIVEN_ROWS
        return known[:, self.owners].float()
