"""The network of the variational autoencoder."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from halflife.generators.layout import Layout

from .layers import Tower, keep, repeated_places
from .noise import Noise
from .row_network import RowNetwork

_LATENTS = 16
_PEAKS = 5
_PEAK_PLACES = (-0.6, -0.25, 0.0, 0.25, 0.6)
_PEAK_SPREAD = 0.25
_LEAST_SPREAD = 0.03


class Variational(RowNetwork):
    """Encoder ``q(z | x, given)``, prior ``p(z | given)`` and decoder ``p(x | z, given)``.

    The score of a number is decoded as a mixture of five normal laws, which has two peaks or the
    steps of a grid where one normal law blurs; a category as a distribution over its indicators.
    The loss is the negative evidence lower bound of a row, in nats, over the number of its table's
    columns.

    Args:
        layout: Of the encoded rows.
        hidden: Units of each layer.
        layers: Residual blocks of encoder and decoder.
        weight: Of the divergence of encoder and prior; 1 is the bound itself.
        noise: Of the first weights.

    Reference:
        O. Ivanov, M. Figurnov, D. Vetrov, "Variational Autoencoder with Arbitrary Conditioning",
        ICLR 2019.
    """

    offsets: Tensor
    peaks: Tensor

    def __init__(
        self, layout: Layout, hidden: int, layers: int, weight: float, noise: Noise
    ) -> None:
        super().__init__(layout)
        width = layout.width
        self.weight = weight
        self.heads = [3 * _PEAKS] * len(layout.scores) + [1] * len(layout.gaps)
        self.heads += [stop - start for start, stop in layout.groups]
        self.start_width = _LATENTS + 2 * len(layout.scores) + len(layout.gaps)
        self.start_width += len(layout.groups)
        self.encoder = Tower(3 * width, hidden, layers, 2 * _LATENTS, noise)
        self.prior = Tower(2 * width, hidden, 1, 2 * _LATENTS, noise)
        self.decoder = Tower(_LATENTS + 2 * width, hidden, layers, sum(self.heads), noise)
        self.register_buffer("offsets", torch.tensor(layout.offsets))
        self.register_buffer("peaks", torch.tensor(_PEAK_PLACES))

    def loss(self, turn: str, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:  # noqa: ARG002  # one turn
        """The negative evidence lower bound."""
        known = torch.cat([rows * mask, mask], dim=1)
        mean, spread = _normal(self.encoder(torch.cat([rows, known], dim=1)))
        prior_mean, prior_spread = _normal(self.prior(known))
        latent = mean + spread.exp() * noise.normal(*mean.shape)
        divergence = prior_spread - spread - 0.5
        divergence = divergence + 0.5 * torch.exp(2 * (spread - prior_spread))
        divergence = divergence + 0.5 * ((mean - prior_mean) / prior_spread.exp()) ** 2
        missed = self._missed(self.decoder(torch.cat([latent, known], dim=1)), rows)
        bound: Tensor = (missed + self.weight * divergence.sum(dim=1)).mean()
        return bound / len(self.layout.columns)

    def held_out_loss(self, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:
        """The loss of the training."""
        return self.loss("all", rows, mask, noise)

    def _missed(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Negative log likelihood of rows, shape (n,)."""
        scores, gaps, groups = self._split(logits)
        weight, place, spread = self._mixture(scores)
        away = (rows[:, list(self.layout.scores), None] - place) / spread
        density = weight - spread.log() - 0.5 * away**2
        missed = -density.logsumexp(dim=2).sum(dim=1)
        if self.layout.gaps:
            there = (rows[:, list(self.layout.gaps)] > 0).float()
            missed = missed + nn.functional.binary_cross_entropy_with_logits(
                gaps, there, reduction="none"
            ).sum(dim=1)
        for (start, stop), group in zip(self.layout.groups, groups, strict=True):
            level = (rows[:, start:stop] + self.offsets[start:stop]).argmax(dim=1)
            missed = missed - group.log_softmax(dim=1).gather(1, level[:, None])[:, 0]
        return missed

    def make(self, start: Tensor, given: Tensor, mask: Tensor, guidance: float) -> Tensor:
        """A latent of the prior, decoded, and every column drawn from its head."""
        latent, chance = start[:, :_LATENTS], torch.special.ndtr(start[:, _LATENTS:])
        logits = self._decoded(latent, given, mask)
        if guidance != 1 and bool(mask.any()):
            without = self._decoded(latent, given, torch.zeros_like(mask))
            logits = without + guidance * (logits - without)
        scores, gaps, groups = self._split(logits)
        rows = torch.zeros_like(given)
        count = len(self.layout.scores)
        weight, place, spread = self._mixture(scores)
        peak = _drawn(weight, chance[:, :count, None])[:, :, None]
        within = start[:, _LATENTS + count : _LATENTS + 2 * count]
        made = place.gather(2, peak)[:, :, 0] + spread.gather(2, peak)[:, :, 0] * within
        rows[:, list(self.layout.scores)] = made
        at = 2 * count + len(self.layout.gaps)
        rows[:, list(self.layout.gaps)] = torch.sigmoid(gaps) - chance[:, 2 * count : at]
        for (first, stop), group in zip(self.layout.groups, groups, strict=True):
            level = _drawn(group, chance[:, at : at + 1])
            rows[:, first:stop] = nn.functional.one_hot(level, stop - first).float()
            at += 1
        return rows - self.offsets

    def _mixture(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights, places and spreads of the peaks of each score, (n, scores, peaks)."""
        weight, place, spread = raw.chunk(3, dim=2)
        spread = _PEAK_SPREAD * torch.exp(4 * torch.tanh(spread / 4)) + _LEAST_SPREAD
        return weight.log_softmax(dim=2), place + self.peaks, spread

    def _decoded(self, latent: Tensor, given: Tensor, mask: Tensor) -> Tensor:
        known = torch.cat([given * mask, mask], dim=1)
        mean, spread = _normal(self.prior(known))
        logits: Tensor = self.decoder(torch.cat([mean + spread.exp() * latent, known], dim=1))
        return logits

    def _split(self, logits: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """What tells mixtures (n, scores, 15), gaps (n, gaps), each category (n, levels)."""
        mixtures, gaps = len(self.layout.scores) * 3 * _PEAKS, len(self.layout.gaps)
        sizes = [mixtures, gaps, *self.heads[len(self.layout.scores) + gaps :]]
        parts = torch.split(logits, sizes, dim=1)
        return parts[0].reshape(len(logits), -1, 3 * _PEAKS), parts[1], parts[2:]

    def keep(self, champion: Self) -> bool:
        """Take over the weights; columns and levels that are new begin anew."""
        here, there = self.layout.shared(champion.layout)
        fits = self.encoder.first.out_features == champion.encoder.first.out_features
        fits &= len(self.encoder.blocks) == len(champion.encoder.blocks)
        if not fits or not len(here):
            return False
        sizes = self.layout.width, champion.layout.width
        inputs = {
            "encoder.first": repeated_places(here, there, sizes, 3),
            "prior.first": repeated_places(here, there, sizes, 2),
            "decoder.first": repeated_places(here, there, sizes, 2, before=_LATENTS),
        }
        mine, theirs = self._outputs(), champion._outputs()
        heads = (
            np.concatenate([mine[i] for i in here]),
            np.concatenate([theirs[i] for i in there]),
        )
        keep(self, champion, inputs, {"decoder.last": heads})
        return True

    def _outputs(self) -> dict[int, NDArray[np.intp]]:
        """The decoder's outputs for each matrix column."""
        order = [*self.layout.scores, *self.layout.gaps]
        order += [i for start, stop in self.layout.groups for i in range(start, stop)]
        sizes = [3 * _PEAKS] * len(self.layout.scores)
        sizes += [1] * (len(order) - len(sizes))
        ends = np.cumsum(sizes)
        return {
            place: np.arange(end - size, end)
            for place, size, end in zip(order, sizes, ends, strict=True)
        }


def _normal(found: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log standard deviation, each (n, latents)."""
    mean, spread = found.chunk(2, dim=1)
    return mean, 5 * torch.tanh(spread / 5)


def _drawn(logits: Tensor, chance: Tensor) -> Tensor:
    """Levels of the last dimension, drawn by a uniform number each."""
    below = logits.softmax(dim=-1).cumsum(dim=-1)
    return (below < chance).sum(dim=-1).clamp(max=logits.shape[-1] - 1)
