"""The training of the diffusion model. Imports torch: import this file only where it is used."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Final

import numpy as np
import torch

from halflife.schemas.table import Block

from .denoiser import Denoiser, generator_of, loss, noise_levels
from .encoding import Encoding
from .errors import GeneratorError
from .progress import Progress

_BATCH: Final = 256
_CHECK_EVERY: Final = 100
_PATIENCE: Final = 5
_HELD_OUT: Final = 0.1
_EMA: Final = 0.995
_EMA_EVERY: Final = 5
_TELL_EVERY: Final = 0.5


class Training:
    """One training run: a network, its moving average, the rows and the random numbers.

    A tenth of the rows is held out. Every 100 steps the average is measured on them, with the
    same noise each time; what is given back is the average at its best, and training stops when
    five checks in a row have gained nothing. All random numbers are drawn on the CPU from
    generators of the run's own.

    Args:
        network: To be trained, on the device where that is to happen.
        encoding: Of the rows; asked again every 100 steps, so that ties are spread anew.
        latents: The rows, at least 20.
        steps: Most training steps, of at most 256 rows each.
        rate: Highest learning rate; it follows half a cosine down to a fiftieth.
        seed: Not negative.

    Raises:
        GeneratorError: From `run`, when no held-out loss was ever finite.
    """

    def __init__(
        self,
        network: Denoiser,
        encoding: Encoding,
        latents: Block,
        *,
        steps: int,
        rate: float,
        seed: int,
    ) -> None:
        self.encoding = encoding
        self.steps = steps
        self.rate = rate
        self.network = network
        self.average = copy.deepcopy(network)
        self.device = next(network.parameters()).device
        self.jitter = np.random.default_rng(np.random.SeedSequence((seed, 2)))
        self.torch_random = generator_of(seed, 1)
        shuffled = latents[self.jitter.permutation(len(latents))]
        held_out = max(2, round(_HELD_OUT * len(latents)))
        self.rows = shuffled[held_out:]
        # Held-out rows meet the same noise at each check, in several copies: a loss of few rows
        # with fresh noise would wander more than training improves it.
        copies = -(-512 // held_out)
        self.held_out = self._encoded(Block.concatenate([shuffled[:held_out]] * copies))
        self.held_out_levels = self._levels(len(self.held_out))
        self.held_out_noise = self._normal(*self.held_out.shape)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=rate, weight_decay=1e-4, betas=(0.9, 0.99)
        )

    def run(
        self, progress: Callable[[Progress], None] | None, clock: Callable[[], float]
    ) -> Denoiser:
        """Train, and give back the average at its best."""
        steps, batch = self.steps, min(_BATCH, len(self.rows))
        best, best_loss, checks_without = copy.deepcopy(self.average), math.inf, 0
        began = told = clock()
        for step in range(steps):
            if step % _CHECK_EVERY == 0:
                clean = self._encoded(self.rows)  # ties are spread anew
            self._step(clean, step, batch)
            done = step + 1
            if done % _CHECK_EVERY == 0 or done == steps:
                found = self._held_out_loss()
                if found < best_loss:
                    best, best_loss, checks_without = copy.deepcopy(self.average), found, 0
                else:
                    checks_without += 1
            stop = checks_without >= _PATIENCE or done == steps
            now = clock()
            if progress is not None and (now - told >= _TELL_EVERY or stop):
                told = now
                progress(_told(done, steps, batch, best_loss, now - began))
            if stop:
                break
        if not math.isfinite(best_loss):
            raise GeneratorError(f"training went astray: no finite loss in {done} steps")
        return best

    def _step(self, clean: torch.Tensor, step: int, batch: int) -> None:
        """One batch forwards and backwards, and the average moved on."""
        chosen = torch.randint(len(clean), (batch,), generator=self.torch_random)
        rows = clean[chosen.to(self.device)]
        warm_up = min(1.0, (step + 1) / 50)
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * warm_up * (0.98 * cosine + 0.02)
        value = loss(self.network, rows, self._levels(batch), self._normal(*rows.shape))
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]  # torch's own lacks types
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        if step % _EMA_EVERY == 0:
            keep = min(_EMA, (step + 1) / (step + 10)) ** _EMA_EVERY
            with torch.no_grad():
                for mean, weight in zip(
                    self.average.parameters(), self.network.parameters(), strict=True
                ):
                    mean.lerp_(weight, 1 - keep)

    def _held_out_loss(self) -> float:
        with torch.no_grad():
            value = loss(self.average, self.held_out, self.held_out_levels, self.held_out_noise)
        return float(value)

    def _encoded(self, rows: Block) -> torch.Tensor:
        matrix = self.encoding.encode(rows, self.jitter)
        return torch.from_numpy(matrix.astype(np.float32)).to(self.device)

    def _normal(self, *shape: int) -> torch.Tensor:
        # Drawn on the CPU and carried over, so that a GPU sees the same numbers.
        return torch.randn(*shape, generator=self.torch_random).to(self.device)

    def _levels(self, rows: int) -> torch.Tensor:
        return noise_levels(self._normal(rows))


def _told(done: int, steps: int, batch: int, loss: float, seconds: float) -> Progress:
    """How far the training has come."""
    speed = done / seconds if seconds > 0 else None
    return Progress(
        phase="training",
        step=done,
        steps=steps,
        loss=loss if math.isfinite(loss) else None,
        rows_per_second=None if speed is None else speed * batch,
        seconds_left=None if speed is None else (steps - done) / speed,
    )
