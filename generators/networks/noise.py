"""Random numbers of torch that are the same on every device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Noise:
    """Random numbers drawn on the CPU from a stream of its own and carried to a device.

    A GPU then sees the same numbers as a CPU, and torch's global stream is left alone.

    Args:
        seed: Of any size, not negative.
        use: Which use of the seed, so that several do not draw the same.
        device: Where the numbers are wanted.
    """

    def __init__(self, seed: int, use: int, device: torch.device | None = None) -> None:
        state = np.random.SeedSequence((seed, use)).generate_state(1, np.uint64)
        self.generator = torch.Generator().manual_seed(int(state[0]))
        self.device = device or torch.device("cpu")

    def normal(self, *shape: int) -> Tensor:
        """Standard normal."""
        return torch.randn(*shape, generator=self.generator).to(self.device)

    def uniform(self, *shape: int) -> Tensor:
        """In [0, 1)."""
        return torch.rand(*shape, generator=self.generator).to(self.device)

    def rows(self, count: int, among: int) -> Tensor:
        """Places of ``count`` rows among so many, with replacement."""
        return torch.randint(among, (count,), generator=self.generator).to(self.device)
