"""The one training loop of all networks."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
import torch

from halflife.generators.encoding import Encoding
from halflife.generators.errors import GeneratorError
from halflife.generators.layout import Layout
from halflife.generators.progress import Progress
from halflife.schemas.table import Block

from .checkpoint import Checkpoint
from .devices import quick_arithmetic
from .noise import Noise
from .row_network import RowNetwork

Network = TypeVar("Network", bound=RowNetwork)

_CHECK_EVERY: Final = 100
_HELD_OUT: Final = 0.1
_HELD_OUT_ROWS: Final = 512
_EMA: Final = 0.995
_EMA_EVERY: Final = 5
_TELL_EVERY: Final = 0.5
_KEEP_EVERY: Final = 10.0


@dataclass(frozen=True)
class Schedule:
    """How long, how fast and with how many rows a network is trained.

    Args:
        steps: Most training steps.
        batch: Rows of a step, at most.
        rate: Highest learning rate; it follows half a cosine down to a fiftieth.
        betas: Of Adam.
        patience: Checks, one every 100 steps, that may gain nothing before training stops.
    """

    steps: int
    batch: int
    rate: float
    betas: tuple[float, float]
    patience: int


class Training(Generic[Network]):
    """One training run: a network, its moving average, the rows and the random numbers.

    A tenth of the rows is held out. Every 100 steps the average is measured on them, with the
    same random numbers each time; what is given back is the average at its best, and training
    stops when several checks in a row have gained nothing. A checkpoint is written at a check, ten
    seconds after the last; a run that finds one goes on from it to the same end, bit for bit.

    Half of the rows of a step come as often as they are. The others show the rare levels of a
    category nearly as often as the frequent ones, with the level given: rare levels are learnt as
    well, and what a row is like given its level does not depend on how often the level is shown
    (training by sampling).

    Args:
        network: To be trained, on the device where that is to happen.
        encoding: Of the rows; asked again every 100 steps, so that ties are spread anew.
        latents: The rows, at least 20.
        schedule: How long and how fast.
        seed: Not negative.
        cold: Whether the network starts from nothing.
        checkpoint: Where an unfinished training is kept; None keeps none.

    Raises:
        GeneratorError: From `run`, when no held-out loss was ever finite.

    Reference:
        L. Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.3.
    """

    def __init__(
        self,
        network: Network,
        encoding: Encoding,
        latents: Block,
        schedule: Schedule,
        *,
        seed: int,
        cold: bool,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.network = network
        self.encoding = encoding
        self.schedule = schedule
        self.seed = seed
        self.checkpoint = checkpoint
        self.device = network.owners.device
        self.jitter = np.random.default_rng(np.random.SeedSequence((seed, 2)))
        self.noise = Noise(seed, 1, self.device)
        shuffled = latents[self.jitter.permutation(len(latents))]
        held_out = max(2, round(_HELD_OUT * len(latents)))
        self.rows = shuffled[held_out:]
        # In several copies, each met by other noise: a loss of few rows would wander more than
        # training improves it.
        copies = -(-_HELD_OUT_ROWS // held_out)
        self.held_out = self._encoded(Block.concatenate([shuffled[:held_out]] * copies))
        clean = self._encoded(self.rows)
        if cold:
            network.prepare(clean)
        self.balances = _balances(clean, network.layout)
        self.average = copy.deepcopy(network)
        self.best = copy.deepcopy(network)
        self.optimisers = {
            turn: torch.optim.AdamW(
                network.part(turn),
                lr=schedule.rate,
                weight_decay=1e-4,
                betas=schedule.betas,
                fused=True,
            )
            for turn in dict.fromkeys(network.turns)
        }

    def run(
        self, progress: Callable[[Progress], None] | None, clock: Callable[[], float]
    ) -> Network:
        """Train, and give back the average at its best."""
        steps, batch = self.schedule.steps, min(self.schedule.batch, len(self.rows))
        done, best_loss, without = self._resumed()
        first, began = done, clock()
        told = kept = began
        with quick_arithmetic(self.device) as halves:
            while done < steps and without < self.schedule.patience:
                if done % _CHECK_EVERY == 0:
                    clean = self._encoded(self.rows)  # ties are spread anew
                self._step(clean, done, batch, halves)
                done += 1
                if done % _CHECK_EVERY == 0 or done == steps:
                    found = self._held_out_loss()
                    without = 0 if found < best_loss else without + 1
                    if found < best_loss:
                        best_loss = found
                        self.best.load_state_dict(self.average.state_dict())
                now = clock()
                end = done == steps or without >= self.schedule.patience
                if progress is not None and (now - told >= _TELL_EVERY or end):
                    told = now
                    speed = (done - first) / (now - began) if now > began else None
                    progress(_told(done, steps, batch, best_loss, speed))
                if done % _CHECK_EVERY == 0 and now - kept >= _KEEP_EVERY and not end:
                    kept = now
                    self._keep(done, best_loss, without)
        if not math.isfinite(best_loss):
            raise GeneratorError(f"training went astray: no finite loss in {done} steps")
        self.best.finish(self._encoded(self.rows), self.noise)
        return self.best

    def _step(self, clean: torch.Tensor, step: int, batch: int, halves: bool) -> None:
        """Each part once, on rows of its own, and the average moved on."""
        warm_up = min(1.0, (step + 1) / 50)
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.schedule.steps))
        for turn in self.network.turns:
            rows, mask = self._batch(clean, batch)
            optimiser = self.optimisers[turn]
            for group in optimiser.param_groups:
                pace = self.network.pace.get(turn, 1.0)
                group["lr"] = pace * self.schedule.rate * warm_up * (0.98 * cosine + 0.02)
            half = torch.autocast(self.device.type, torch.bfloat16) if halves else _AS_IT_IS
            with half:
                value = self.network.loss(turn, rows, mask, self.noise)
            optimiser.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]  # torch's own lacks types
            torch.nn.utils.clip_grad_norm_(self.network.part(turn), 1.0)
            optimiser.step()
        if step % _EMA_EVERY == 0:
            keep = min(_EMA, (step + 1) / (step + 10)) ** _EMA_EVERY
            with torch.no_grad():
                for mean, weight in zip(
                    self.average.parameters(), self.network.parameters(), strict=True
                ):
                    mean.lerp_(weight, 1 - keep)
                for kept, now in zip(self.average.buffers(), self.network.buffers(), strict=True):
                    kept.copy_(now)

    def _batch(self, clean: torch.Tensor, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows of a step and the mask of what is given of them, each (batch, width)."""
        chosen = self.noise.rows(batch, len(clean))
        mask = self.network.masks(batch, self.noise)
        if self.balances:
            place = int(self.noise.rows(1, len(self.balances)))
            (start, stop), below = self.balances[place]
            half = batch // 2
            rare = torch.searchsorted(below, self.noise.uniform(half))
            chosen[:half] = rare.clamp(max=len(clean) - 1)
            mask[:half, start:stop] = 1.0
        return clean[chosen], mask

    @torch.no_grad()
    def _held_out_loss(self) -> float:
        noise = Noise(self.seed, 3, self.device)
        mask = self.network.masks(len(self.held_out), noise)
        return float(self.average.held_out_loss(self.held_out, mask, noise))

    def _encoded(self, rows: Block) -> torch.Tensor:
        matrix = self.encoding.encode(rows, self.jitter)
        return torch.from_numpy(matrix.astype(np.float32)).to(self.device)

    @property
    def _networks(self) -> dict[str, RowNetwork]:
        return {"network": self.network, "average": self.average, "best": self.best}

    def _keep(self, done: int, best_loss: float, without: int) -> None:
        if self.checkpoint is not None:
            counts: dict[str, Any] = {
                "done": done,
                "best_loss": best_loss if math.isfinite(best_loss) else None,
                "without": without,
                "jitter": self.jitter.bit_generator.state,
            }
            self.checkpoint.write(self._networks, self.optimisers, self.noise, counts)

    def _resumed(self) -> tuple[int, float, int]:
        """Steps done, the best loss and the checks without gain, of a run that was cut short."""
        found = self.checkpoint and self.checkpoint.read(
            self._networks, self.optimisers, self.noise
        )
        if not found:
            return 0, math.inf, 0
        self.jitter.bit_generator.state = found["jitter"]
        best_loss = math.inf if found["best_loss"] is None else found["best_loss"]
        return found["done"], best_loss, found["without"]


def _balances(clean: torch.Tensor, layout: Layout) -> list[tuple[tuple[int, int], torch.Tensor]]:
    """Of each category, where its indicators are, and the law by which rows are drawn, (n,).

    A level comes by the logarithm of how often it is there; the law is summed up from the first
    row on.
    """
    found = []
    for start, stop in layout.groups:
        if stop - start > 1:
            level = clean[:, start:stop].argmax(dim=1)
            count = torch.bincount(level, minlength=stop - start).float()
            weight = (torch.log1p(count) / count.clamp_min(1))[level].double().cumsum(dim=0)
            found.append(((start, stop), (weight / weight[-1]).float()))
    return found


_AS_IT_IS: Final = contextlib.nullcontext()


def _told(done: int, steps: int, batch: int, loss: float, speed: float | None) -> Progress:
    """How far the training has come, at ``speed`` steps/s."""
    return Progress(
        phase="training",
        step=done,
        steps=steps,
        loss=loss if math.isfinite(loss) else None,
        rows_per_second=None if speed is None else speed * batch,
        seconds_left=None if speed is None else (steps - done) / speed,
    )
