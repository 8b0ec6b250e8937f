"""The network of the diffusion model. Imports torch: import this file only where it is used."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

_SIGMA_DATA = 0.5
_FREQUENCIES = 16


class Denoiser(nn.Module):
    """``D(x; sigma)``: the clean rows that noisy ones came from, with EDM's preconditioning.

    ``D = c_skip x + c_out F(c_in x, log(sigma) / 4)`` with a residual network ``F`` of normalised
    two-layer blocks; sigma enters by sines and cosines.

    Args:
        width: Columns of the encoded rows.
        hidden: Units of each layer.
        layers: Residual blocks.
        generator: Of the first weights, on the CPU.

    Reference:
        T. Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
        NeurIPS 2022, table 1 and equation 7.
    """

    frequencies: Tensor

    def __init__(self, width: int, hidden: int, layers: int, generator: torch.Generator) -> None:
        super().__init__()
        self.noise = nn.Sequential(
            _linear(2 * _FREQUENCIES, hidden, generator),
            nn.SiLU(),
            _linear(hidden, hidden, generator),
        )
        self.first = _linear(width, hidden, generator)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden),
                _linear(hidden, hidden, generator),
                nn.SiLU(),
                _linear(hidden, hidden, generator),
            )
            for _ in range(layers)
        )
        self.last = _linear(hidden, width, generator)
        nn.init.zeros_(self.last.weight)
        self.register_buffer("frequencies", torch.exp(torch.linspace(-2.0, 5.0, _FREQUENCIES)))

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """Clean rows, shape (n, width), of noisy ones with standard deviations ``sigma`` (n,)."""
        variance = sigma**2 + _SIGMA_DATA**2
        skip = (_SIGMA_DATA**2 / variance)[:, None]
        out = (sigma * _SIGMA_DATA * variance.rsqrt())[:, None]
        scaled = noisy * variance.rsqrt()[:, None]
        angles = (sigma.log() / 4)[:, None] * self.frequencies
        hidden = self.first(scaled) + self.noise(torch.cat([angles.sin(), angles.cos()], dim=1))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        guess: Tensor = self.last(nn.functional.silu(hidden))
        clean: Tensor = skip * noisy + out * guess
        return clean


def loss(network: Denoiser, clean: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
    """EDM's weighted squared error, a mean over rows (n) and columns: equation 8 of the paper."""
    weight = (sigma**2 + _SIGMA_DATA**2) / (sigma * _SIGMA_DATA) ** 2
    error = network(clean + sigma[:, None] * noise, sigma) - clean
    mean: Tensor = (weight[:, None] * error**2).mean()
    return mean


def noise_levels(normal: Tensor) -> Tensor:
    """``log sigma ~ N(-1.2, 1.2)``, the levels that training looks at, of standard normals."""
    return torch.exp(1.2 * normal - 1.2).clamp(0.002, 80.0)


@torch.no_grad()
def denoise(network: Denoiser, start: Tensor, steps: int) -> Tensor:
    """Heun's method from noise to rows, shape (n, width): algorithm 1 of the paper, rho = 7.

    Args:
        network: Trained.
        start: Standard normal, shape (n, width).
        steps: Noise levels from 80 down to .01, then 0.
    """
    ramp = torch.linspace(0.0, 1.0, steps, dtype=torch.float64)
    sigmas = (80.0 ** (1 / 7) + ramp * (0.01 ** (1 / 7) - 80.0 ** (1 / 7))) ** 7
    levels = [*sigmas.tolist(), 0.0]
    rows: Tensor = start * levels[0]
    for level, following in itertools.pairwise(levels):
        slope = (rows - network(rows, rows.new_full((len(rows),), level))) / level
        moved: Tensor = rows + (following - level) * slope
        if following > 0:
            there = network(moved, rows.new_full((len(rows),), following))
            moved = rows + (following - level) * 0.5 * (slope + (moved - there) / following)
        rows = moved
    return rows


def choose_device(wanted: str) -> tuple[torch.device, str]:
    """The device and one line that says which it is and why.

    Args:
        wanted: ``"auto"``, or what torch calls a device: ``"cpu"``, ``"cuda:0"``.
    """
    if wanted != "auto":
        return torch.device(wanted), f"{wanted}: asked for"
    if not torch.cuda.is_available():
        return torch.device("cpu"), "cpu: torch sees no GPU here"
    name = torch.cuda.get_device_name()
    return torch.device("cuda"), f"cuda: {name}, the GPU that torch sees here"


def generator_of(seed: int, use: int) -> torch.Generator:
    """Torch's random numbers on the CPU for one use of a seed of any size."""
    state = np.random.SeedSequence((seed, use)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))


@contextlib.contextmanager
def threads_of(count: int) -> Iterator[None]:
    """Torch on that many CPU threads, and as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer with weights of our own generator (torch's is left alone) and no bias yet."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]  # torch's own lacks types
    limit = inputs**-0.5
    with torch.no_grad():
        layer.weight.uniform_(-limit, limit, generator=generator)
        layer.bias.zero_()
    return layer
