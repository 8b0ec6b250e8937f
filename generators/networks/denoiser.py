"""The network of the diffusion model."""

from __future__ import annotations

import itertools
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from halflife.generators.layout import Layout

from .layers import Tower, keep, linear, repeated_places
from .noise import Noise
from .row_network import RowNetwork

_SIGMA_DATA = 0.5
_FREQUENCIES = 16
_HIGHEST = 10.0
_LOWEST = 0.01
_RHO = 7
_LEAST_VARIANCE = 5e-4


class Denoiser(RowNetwork):
    """``D(x; sigma)``: the clean rows that noisy ones came from, with EDM's preconditioning.

    ``D = c_skip x + c_out F(c_in x, given, mask, log(sigma) / 4)`` with a residual network ``F``;
    sigma enters by sines and cosines. The scores of numbers are whitened first, so that sixteen
    sensors that say nearly the same differ as much as two that do not.

    Args:
        layout: Of the encoded rows.
        hidden: Units of each layer.
        layers: Residual blocks.
        sampling_steps: Noise levels on the way from noise to rows.
        noise: Of the first weights.

    Reference:
        T. Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
        NeurIPS 2022, table 1 and equation 7.
    """

    frequencies: Tensor
    centre: Tensor
    white: Tensor
    colour: Tensor

    def __init__(
        self, layout: Layout, hidden: int, layers: int, sampling_steps: int, noise: Noise
    ) -> None:
        super().__init__(layout)
        width = layout.width
        self.start_width = width
        self.sampling_steps = sampling_steps
        self.level = nn.Sequential(
            linear(2 * _FREQUENCIES, hidden, noise), nn.SiLU(), linear(hidden, hidden, noise)
        )
        self.tower = Tower(3 * width, hidden, layers, width, noise)
        self.register_buffer("frequencies", torch.exp(torch.linspace(-2.0, 5.0, _FREQUENCIES)))
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("white", torch.eye(width))
        self.register_buffer("colour", torch.eye(width))

    def prepare(self, rows: Tensor) -> None:
        """Learn how scores are whitened: by their principal components."""
        places = list(self.layout.scores)
        scores = rows[:, places].double()
        centred = scores - scores.mean(dim=0)
        variance, axes = torch.linalg.eigh(centred.T @ centred / max(len(rows) - 1, 1))
        spread = variance.clamp_min(_LEAST_VARIANCE).sqrt() / _SIGMA_DATA
        for one, matrix in ((self.white, axes / spread), (self.colour, (axes * spread).T)):
            block = torch.eye(self.layout.width, dtype=torch.float64, device=rows.device)
            block[np.ix_(places, places)] = matrix
            one.copy_(block)
        self.centre[places] = scores.mean(dim=0).float()

    def forward(self, noisy: Tensor, sigma: Tensor, given: Tensor, mask: Tensor) -> Tensor:
        """Clean rows, whitened, of noisy ones with standard deviations ``sigma`` (n,)."""
        variance = sigma**2 + _SIGMA_DATA**2
        skip = (_SIGMA_DATA**2 / variance)[:, None]
        out = (sigma * _SIGMA_DATA * variance.rsqrt())[:, None]
        scaled = noisy * variance.rsqrt()[:, None]
        angles = (sigma.log() / 4)[:, None] * self.frequencies
        level = self.level(torch.cat([angles.sin(), angles.cos()], dim=1))
        known = given * mask / _SIGMA_DATA  # of unit variance, as is what is beside it
        guess = self.tower(torch.cat([scaled, known, mask], dim=1), level)
        clean: Tensor = skip * noisy + out * guess
        return clean

    def loss(self, turn: str, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:  # noqa: ARG002  # one turn
        """EDM's weighted squared error, a mean over rows and columns: equation 8 of the paper."""
        clean = (rows - self.centre) @ self.white
        # log sigma ~ N(-1.2, 1.2), as in the paper.
        sigma = torch.exp(1.2 * noise.normal(len(rows)) - 1.2).clamp(0.002, 80.0)
        noisy = clean + sigma[:, None] * noise.normal(*rows.shape)
        weight = (sigma**2 + _SIGMA_DATA**2) / (sigma * _SIGMA_DATA) ** 2
        error = self(noisy, sigma, rows, mask) - clean
        mean: Tensor = (weight[:, None] * error**2).mean()
        return mean

    def held_out_loss(self, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:
        """The loss of the training."""
        return self.loss("all", rows, mask, noise)

    def make(self, start: Tensor, given: Tensor, mask: Tensor, guidance: float) -> Tensor:
        """Heun's method from noise to rows: algorithm 1 of the paper, rho = 7."""
        ramp = torch.linspace(0.0, 1.0, self.sampling_steps, dtype=torch.float64)
        ends = _HIGHEST ** (1 / _RHO), _LOWEST ** (1 / _RHO)
        levels = [*((ends[0] + ramp * (ends[1] - ends[0])) ** _RHO).tolist(), 0.0]
        rows: Tensor = start * levels[0]
        for level, following in itertools.pairwise(levels):
            slope = (rows - self._guess(rows, level, given, mask, guidance)) / level
            moved: Tensor = rows + (following - level) * slope
            if following > 0:
                there = self._guess(moved, following, given, mask, guidance)
                moved = rows + (following - level) * 0.5 * (slope + (moved - there) / following)
            rows = moved
        return rows @ self.colour + self.centre

    def _guess(
        self, rows: Tensor, level: float, given: Tensor, mask: Tensor, guidance: float
    ) -> Tensor:
        sigma = rows.new_full((len(rows),), level)
        found: Tensor = self(rows, sigma, given, mask)
        if guidance == 1 or not bool(mask.any()):
            return found
        without = self(rows, sigma, given, torch.zeros_like(mask))
        guided: Tensor = without + guidance * (found - without)
        return guided

    def keep(self, champion: Self) -> bool:
        """Take over weights and whitening; columns and levels that are new begin anew."""
        here, there = self.layout.shared(champion.layout)
        fits = set(champion.layout.scores) <= set(there.tolist())
        fits &= self.tower.first.out_features == champion.tower.first.out_features
        fits &= len(self.tower.blocks) == len(champion.tower.blocks)
        if not fits:
            return False
        widths = self.layout.width, champion.layout.width
        thrice = repeated_places(here, there, widths, 3)
        keep(self, champion, {"tower.first": thrice}, {"tower.last": (here, there)})
        for name in ("white", "colour"):
            mine, theirs = getattr(self, name), getattr(champion, name)
            mine[np.ix_(here, here)] = theirs[np.ix_(there, there)]
        self.centre[here] = champion.centre[there]
        return True
