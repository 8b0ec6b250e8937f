"""The two networks of the generative adversarial model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from halflife.generators.layout import Layout

from .layers import Tower, keep, linear, repeated_places
from .noise import Noise
from .row_network import RowNetwork

_LATENTS = 32
_TEMPERATURE = 0.2
_PENALTY = 10.0
_SCALE = 0.5
_KNOTS = 129
_CALIBRATED_ON = 4096


class Adversarial(RowNetwork):
    """A maker of rows and a critic that scores them, both told what is given.

    The critic maximises ``E critic(real) - E critic(made)`` with its gradient between the two held
    near 1, so that the difference is a Wasserstein distance; its hidden layers are spectrally
    normalised. The maker minimises the same. Indicators are drawn by Gumbel's trick. In the end
    each score is stretched so that by itself it is normal, as in the real rows.

    What is held out is met by the energy distance ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` of real
    and made rows: the critic's own loss says nothing of how far training has come.

    Args:
        layout: Of the encoded rows.
        hidden: Units of each layer.
        layers: Blocks of the maker, layers of the critic.
        noise: Of the first weights.

    Reference:
        I. Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017; T. Miyato et
        al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    """

    turns: ClassVar[tuple[str, ...]] = ("critic", "critic", "maker")
    pace: ClassVar[dict[str, float]] = {"maker": 0.5}
    offsets: Tensor
    knots: Tensor

    def __init__(self, layout: Layout, hidden: int, layers: int, noise: Noise) -> None:
        super().__init__(layout)
        width = layout.width
        self.start_width = _LATENTS + width
        self.maker = Tower(_LATENTS + 2 * width, hidden, layers, width, noise)
        sizes = [3 * width, *[hidden] * layers]
        self.critic = nn.Sequential(
            *(Spectral(one, hidden, noise) for one in sizes), linear(hidden, 1, noise)
        )
        self.register_buffer("offsets", torch.tensor(layout.offsets))
        straight = torch.linspace(-4.0, 4.0, _KNOTS).repeat(max(1, len(layout.scores)), 1)
        self.register_buffer("knots", straight)

    def part(self, turn: str) -> Iterator[nn.Parameter]:
        """The parameters of one of the two."""
        return self.critic.parameters() if turn == "critic" else self.maker.parameters()

    def loss(self, turn: str, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:
        """The critic's loss with its penalty, or the maker's."""
        known = torch.cat([rows * mask, mask], dim=1)
        start = noise.normal(len(rows), self.start_width)
        if turn == "maker":
            made = self._made(start, known, rows, mask)
            return -self._scored(made, known).mean()
        with torch.no_grad():
            made = self._made(start, known, rows, mask)
        between = torch.lerp(made, rows, noise.uniform(len(rows), 1)).requires_grad_()
        (slope,) = torch.autograd.grad(
            self._scored(between, known).sum(), between, create_graph=True
        )
        penalty = ((slope.square().sum(dim=1) + 1e-12).sqrt() - 1).square().mean()
        gap = self._scored(made, known).mean() - self._scored(rows, known).mean()
        loss: Tensor = gap + _PENALTY * penalty
        return loss

    def held_out_loss(self, rows: Tensor, mask: Tensor, noise: Noise) -> Tensor:  # noqa: ARG002  # of whole rows
        """The energy distance of made rows, without conditions."""
        start = noise.normal(len(rows), self.start_width)
        nothing = torch.zeros_like(rows)
        made = self._made(start, torch.cat([nothing, nothing], dim=1), nothing, nothing)
        within = _distance(rows, rows) + _distance(made, made)
        return 2 * _distance(rows, made) - within

    @torch.no_grad()
    def finish(self, rows: Tensor, noise: Noise) -> None:
        """Learn how far each score is from normal by itself."""
        shown = rows[noise.rows(_CALIBRATED_ON, len(rows))]
        mask = torch.zeros_like(shown)
        # As rows are sampled: given the level of one of the categories.
        groups = self.layout.groups
        turn = noise.rows(_CALIBRATED_ON, max(1, len(groups)))
        for i, (first, stop) in enumerate(groups):
            mask[:, first:stop] = (turn == i).float()[:, None]
        start = noise.normal(_CALIBRATED_ON, self.start_width)
        made = self._made(start, torch.cat([shown * mask, mask], dim=1), shown, mask)
        chance = torch.special.ndtr(torch.linspace(-4.0, 4.0, _KNOTS, device=noise.device))
        scores = made[:, list(self.layout.scores)] / _SCALE
        if scores.shape[1]:
            self.knots.copy_(torch.quantile(scores, chance, dim=0).T)

    def make(self, start: Tensor, given: Tensor, mask: Tensor, guidance: float) -> Tensor:
        """One pass of the maker; guidance moves rows on from those made without conditions."""
        made = self._made(start, torch.cat([given * mask, mask], dim=1), given, mask)
        if guidance != 1 and bool(mask.any()):
            nothing = torch.zeros_like(mask)
            without = self._made(start, torch.cat([nothing, nothing], dim=1), given, nothing)
            made = without + guidance * (made - without)
        places = list(self.layout.scores)
        if places:
            made[:, places] = _SCALE * self._stretched(made[:, places] / _SCALE)
        return made

    def _stretched(self, scores: Tensor) -> Tensor:
        """Scores, shape (n, scores), by the straight line between two knots each."""
        knots = self.knots
        step = torch.searchsorted(knots, scores.T.contiguous()).clamp(1, _KNOTS - 1)
        low, high = knots.gather(1, step - 1), knots.gather(1, step)
        share = ((scores.T - low) / (high - low).clamp_min(1e-6)).clamp(0.0, 1.0)
        normal = -4.0 + 8.0 / (_KNOTS - 1) * (step - 1 + share)
        return normal.T

    def _made(self, start: Tensor, known: Tensor, given: Tensor, mask: Tensor) -> Tensor:
        """Rows as the critic sees them, what is given put in."""
        raw = self.maker(torch.cat([start[:, :_LATENTS], known], dim=1))
        chance = torch.special.ndtr(start[:, _LATENTS:]).clamp(1e-6, 1 - 1e-6)
        gumbel = -torch.log(-torch.log(chance))
        made = raw.clone()
        gaps = list(self.layout.gaps)
        logit = torch.log(chance[:, gaps]) - torch.log1p(-chance[:, gaps])
        made[:, gaps] = torch.sigmoid((raw[:, gaps] + logit) / _TEMPERATURE) - 0.5
        for start_, stop in self.layout.groups:
            logits = (raw[:, start_:stop] + gumbel[:, start_:stop]) / _TEMPERATURE
            made[:, start_:stop] = logits.softmax(dim=1) - self.offsets[start_:stop]
        return torch.where(mask > 0, given, made)

    def _scored(self, rows: Tensor, known: Tensor) -> Tensor:
        scores: Tensor = self.critic(torch.cat([rows, known], dim=1))
        return scores

    def keep(self, champion: Self) -> bool:
        """Take over the weights of both; columns and levels that are new begin anew."""
        here, there = self.layout.shared(champion.layout)
        fits = self.maker.first.out_features == champion.maker.first.out_features
        fits &= len(self.maker.blocks) == len(champion.maker.blocks)
        if not fits or not len(here):
            return False
        sizes = self.layout.width, champion.layout.width
        inputs = {
            "maker.first": repeated_places(here, there, sizes, 2, before=_LATENTS),
            "critic.0.linear": repeated_places(here, there, sizes, 3),
        }
        keep(self, champion, inputs, {"maker.last": (here, there)})
        return True


class Spectral(nn.Module):
    """A linear layer over its largest singular value, then a leaky rectifier."""

    left: Tensor

    def __init__(self, inputs: int, outputs: int, noise: Noise) -> None:
        super().__init__()
        self.linear = linear(inputs, outputs, noise)
        self.register_buffer("left", nn.functional.normalize(noise.normal(outputs), dim=0))

    def forward(self, columns: Tensor) -> Tensor:
        """Shape (n, outputs) of (n, inputs); one step of the power method each time."""
        weight = self.linear.weight
        with torch.no_grad():
            right = nn.functional.normalize(weight.T @ self.left, dim=0)
            # A new tensor: an earlier pass of the same step may still need the old one.
            self.left = nn.functional.normalize(weight @ right, dim=0)
        largest = torch.dot(self.left, weight @ right)
        found = nn.functional.linear(columns, weight / largest, self.linear.bias)
        return nn.functional.leaky_relu(found, 0.2)


def _distance(some: Tensor, others: Tensor) -> Tensor:
    """Mean distance of rows of two sets."""
    return torch.cdist(some, others).mean()
