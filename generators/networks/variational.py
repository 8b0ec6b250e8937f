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
_BINS = 32
_SCALE = 0.5


class Variational(RowNetwork):
    """Encoder ``q(z | x, given)``, prior ``p(z | given)`` and decoder ``p(x | z, given)``.

    A number is decoded as a distribution over 32 equally likely bins of its normal score, within
    which it is uniform: such a head has any shape, also that of a grid or of two peaks, where a
    normal one blurs. A category is decoded as a distribution over its indicators. The loss is the
    negative evidence lower bound of a row, in nats, over the number of its table's columns.

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

    def __init__(
        self, layout: Layout, hidden: int, layers: int, weight: float, noise: Noise
    ) -> None:
        super().__init__(layout)
        width = layout.width
        self.weight = weight
        self.heads = [_BINS] * len(layout.scores) + [1] * len(layout.gaps)
        self.heads += [stop - start for start, stop in layout.groups]
        self.start_width = _LATENTS + 2 * len(layout.scores) + len(layout.gaps)
        self.start_width += len(layout.groups)
        self.encoder = Tower(3 * width, hidden, layers, 2 * _LATENTS, noise)
        self.prior = Tower(2 * width, hidden, 1, 2 * _LATENTS, noise)
        self.decoder = Tower(_LATENTS + 2 * width, hidden, layers, sum(self.heads), noise)
        self.register_buffer("offsets", torch.tensor(layout.offsets))

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
        share = torch.special.ndtr(rows[:, list(self.layout.scores)] / _SCALE)
        bins = (share * _BINS).long().clamp(0, _BINS - 1)
        chance = scores.log_softmax(dim=2).gather(2, bins[:, :, None])
        missed = -chance.sum(dim=(1, 2))
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
        bins = _drawn(scores, chance[:, :count, None])
        share = (bins + chance[:, count : 2 * count]) / _BINS
        rows[:, list(self.layout.scores)] = _SCALE * torch.special.ndtri(
            share.clamp(1e-6, 1 - 1e-6)
        )
        at = 2 * count + len(self.layout.gaps)
        there = torch.sigmoid(gaps) > chance[:, 2 * count : at]
        rows[:, list(self.layout.gaps)] = there.float() - 0.5
        for (first, stop), group in zip(self.layout.groups, groups, strict=True):
            level = _drawn(group, chance[:, at : at + 1])
            rows[:, first:stop] = nn.functional.one_hot(level, stop - first).float()
            at += 1
        return rows - self.offsets

    def _decoded(self, latent: Tensor, given: Tensor, mask: Tensor) -> Tensor:
        known = torch.cat([given * mask, mask], dim=1)
        mean, spread = _normal(self.prior(known))
        logits: Tensor = self.decoder(torch.cat([mean + spread.exp() * latent, known], dim=1))
        return logits

    def _split(self, logits: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Logits of bins (n, scores, bins), of gaps (n, gaps), of each category (n, levels)."""
        bins, gaps = len(self.layout.scores) * _BINS, len(self.layout.gaps)
        sizes = [bins, gaps, *self.heads[len(self.layout.scores) + gaps :]]
        parts = logits.split(sizes, dim=1)
        return parts[0].reshape(len(logits), -1, _BINS), parts[1], parts[2:]

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
        sizes = [_BINS] * len(self.layout.scores)
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
