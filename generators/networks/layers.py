"""Layers whose first weights come from a stream of our own, and can be kept in part."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .noise import Noise

Places = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Places in a new layer and where they were in an old one."""


def linear(inputs: int, outputs: int, noise: Noise) -> nn.Linear:
    """A linear layer with weights uniform within ``inputs**-0.5`` and no bias yet."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]  # torch's own lacks types
    limit = max(inputs, 1) ** -0.5
    with torch.no_grad():
        layer.weight.uniform_(-limit, limit, generator=noise.generator)
        layer.bias.zero_()
    return layer


class Residual(nn.Module):
    """``h + W2 silu(W1 norm(h))``, as wide out as in."""

    def __init__(self, hidden: int, noise: Noise) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.LayerNorm(hidden),
            linear(hidden, hidden, noise),
            nn.SiLU(),
            linear(hidden, hidden, noise),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Shape (n, hidden) in and out."""
        found: Tensor = hidden + self.inner(hidden)
        return found


class Tower(nn.Module):
    """A linear layer, residual blocks, and a linear layer.

    Args:
        inputs: Columns in.
        hidden: Units of the blocks.
        layers: How many blocks.
        outputs: Columns out.
        noise: Of the first weights; those of the last layer begin at 0.
    """

    def __init__(self, inputs: int, hidden: int, layers: int, outputs: int, noise: Noise) -> None:
        super().__init__()
        self.first = linear(inputs, hidden, noise)
        self.blocks = nn.Sequential(*(Residual(hidden, noise) for _ in range(layers)))
        self.last = linear(hidden, outputs, noise)
        nn.init.zeros_(self.last.weight)

    def forward(self, columns: Tensor, beside: Tensor | None = None) -> Tensor:
        """Shape (n, outputs) of (n, inputs); ``beside`` (n, hidden) joins after the first layer."""
        hidden = self.first(columns)
        if beside is not None:
            hidden = hidden + beside
        found: Tensor = self.last(nn.functional.silu(self.blocks(hidden)))
        return found


def repeated_places(
    here: NDArray[np.intp],
    there: NDArray[np.intp],
    widths: tuple[int, int],
    count: int,
    before: int = 0,
) -> Places:
    """Places of the same inputs where a layer reads ``count`` encoded rows side by side.

    Args:
        here: Places of what is the same, in a row of the new layout.
        there: The same places in the old one.
        widths: Of a row in the new and in the old layout.
        count: Rows side by side.
        before: Inputs that come before them, the same in both.
    """
    first = np.arange(before)
    return (
        np.concatenate([first, *(before + here + k * widths[0] for k in range(count))]),
        np.concatenate([first, *(before + there + k * widths[1] for k in range(count))]),
    )


def keep(
    new: nn.Module, old: nn.Module, inputs: dict[str, Places], outputs: dict[str, Places]
) -> None:
    """Copy the parameters of an old network into a new one of the same build, as far as they fit.

    Args:
        new: Is written to.
        old: Is read; its blocks are as wide.
        inputs: Of layers whose inputs differ, by name: which inputs are the same.
        outputs: Of layers whose outputs differ, likewise.
    """
    theirs: dict[str, Tensor] = dict(old.named_parameters())
    with torch.no_grad():
        for name, mine in new.named_parameters():
            layer, _, what = name.rpartition(".")
            source = theirs[name]
            if layer in outputs:
                here, there = (torch.from_numpy(one) for one in outputs[layer])
                mine[here] = source[there]
            elif layer in inputs and what == "weight":
                here, there = (torch.from_numpy(one) for one in inputs[layer])
                mine[:, here] = source[:, there]
            else:
                mine.copy_(source)
