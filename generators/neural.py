"""What all generators with a network share; a subclass brings the network."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypedDict

import numpy as np

from halflife.schemas.table import Block, FloatArray, Table

from .archive import Arrays
from .condition import Condition
from .conditions import Where
from .encoding import Encoding
from .errors import NeedsTorch
from .generator import CHUNK, Generator
from .given import Cells, Given, put
from .laws import LawCoding
from .layout import Layout
from .progress import Progress
from .rejection import accepted
from .replicates import Replicates, replicated

if TYPE_CHECKING:
    import torch

    from .networks.noise import Noise
    from .networks.row_network import RowNetwork
    from .networks.training import Schedule

_WARM_STEPS: Final = 0.25
_WARM_RATE: Final = 0.5
_MEASURED_ROWS: Final = 512
_FREE_DRAWS: Final = 16
_MOST_DRAWS: Final = 100


class NeuralOptions(TypedDict, total=False):
    """Options of every neural generator; see `Neural`."""

    batch: int
    guidance: float
    device: str
    threads: int


class Neural(Generator):
    """A generator that trains a network on encoded rows.

    Rows are encoded as normal scores and indicators (`Encoding`), laws by `LawCoding`, settings
    that were run more than once by `Replicates`. A tenth of the rows is held out; training stops
    when they have gained nothing for a while, and what samples is the exponential moving average
    of the weights at its best. A warm start takes the champion's weights as far as they fit: those
    of a level that is new begin anew, and another scale changes nothing, as scores are ranks.

    On a GPU the matrix products are in TF32 and bfloat16; a GPU without enough memory gets smaller
    batches, then the CPU takes over.

    Args:
        table: What the columns are, and the laws to keep.
        steps: Most training steps; a quarter of them after a warm start.
        hidden: Units of each layer.
        layers: Residual blocks.
        rate: Highest learning rate; half of it after a warm start.
        batch: Rows of a step, at most.
        guidance: Weight of conditions: 1 draws from the conditional law as it was learnt, more
            exaggerates what is typical of it.
        device: ``"auto"`` for a GPU where there is one, or torch's name of a device.
        threads: CPU threads of torch while it trains and samples.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        ValueError: For a size below 1, or a negative guidance.

    Attributes:
        device_line: Which device trained and why, and what was made smaller to fit; empty before
            `fit`.
        warm_started: Whether it began with the weights of the generator given as ``warm``.
    """

    neural: ClassVar[bool] = True
    patience: ClassVar[int] = 5
    betas: ClassVar[tuple[float, float]] = (0.9, 0.99)

    def __init__(
        self,
        table: Table,
        *,
        steps: int,
        hidden: int,
        layers: int,
        rate: float,
        batch: int = 256,
        guidance: float = 1.0,
        device: str = "auto",
        threads: int = 1,
    ) -> None:
        super().__init__(table)
        sizes = {
            "steps": steps,
            "hidden": hidden,
            "layers": layers,
            "batch": batch,
            "threads": threads,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} is too small: {size}")
        if not guidance >= 0:
            raise ValueError(f"guidance must not be negative: {guidance}")
        self.steps = steps
        self.hidden = hidden
        self.layers = layers
        self.rate = rate
        self.batch = batch
        self.guidance = guidance
        self.device = device
        self.threads = threads
        self.device_line = ""
        self.warm_started = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        names = ("steps", "hidden", "layers", "rate", "batch", "guidance", "device", "threads")
        return {name: getattr(self, name) for name in names}

    @abstractmethod
    def network(self, layout: Layout, noise: Noise) -> RowNetwork:
        """A new network for rows of a layout."""

    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        """Train the network."""
        self._need_torch()
        from .networks.checkpoint import Checkpoint
        from .networks.devices import choose_device, threads_of
        from .networks.memory import within_memory
        from .networks.training import Training

        self._coding = LawCoding.of(block)
        latents = self._coding.encode(block)
        columns, again = replicated(latents)
        self._encoding = Encoding.of(latents, settled=columns)
        champion = warm if isinstance(warm, type(self)) and warm._fitted else None  # noqa: SLF001  # our own class
        job = self._job(block, seed, champion)
        device, why = choose_device(self.device)

        def train(device: torch.device, batch: int) -> RowNetwork:
            network = self._start(champion, seed).to(device)
            checkpoint = None
            if self._checkpoints is not None:
                here = f"{job} on {device.type} by {batch}"
                checkpoint = Checkpoint(self._checkpoints / f"{job}.npz", here)
            training = Training(
                network,
                self._encoding,
                latents,
                self._schedule(batch),
                seed=seed,
                cold=not self.warm_started,
                checkpoint=checkpoint,
            )
            return training.run(progress, clock).to("cpu")

        with threads_of(self.threads):
            self._network, trouble = within_memory(train, device, self.batch)
            self.device_line = "; ".join(filter(None, (why, trouble, self._encoding.pooled)))
            random = np.random.default_rng(np.random.SeedSequence((seed, 4)))
            matrix = self._encoding.encode(latents, random)
            replicates = Replicates.of(columns, again, matrix, self._encoding.layout)
            self._moved = np.zeros(matrix.shape[1])
            gaps = list(self._encoding.layout.gaps)
            if replicates.share or gaps:
                made, _ = self._made(random, _MEASURED_ROWS, self._network, ())
                for place in gaps:  # positive as often as cells are missing in the real rows
                    there = (matrix[:, place] <= 0).mean()
                    self._moved[place] = np.quantile(made[:, place], there)
                replicates = replicates.reaching(made, self._encoding.layout)
            self._replicates = replicates

    def _start(self, champion: Neural | None, seed: int) -> RowNetwork:
        """The first weights: the champion's as far as they fit, else new ones."""
        from .networks.noise import Noise

        network = self.network(self._encoding.layout, Noise(seed, 0))
        self.warm_started = champion is not None and network.keep(champion._network)  # noqa: SLF001  # our own class
        return network

    def _schedule(self, batch: int) -> Schedule:
        """How long and how fast; what the champion knows need not be learnt again."""
        from .networks.training import Schedule

        steps, rate = self.steps, self.rate
        if self.warm_started:
            steps, rate = max(1, round(_WARM_STEPS * steps)), _WARM_RATE * rate
        return Schedule(steps, batch, rate, self.betas, self.patience)

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream, one chunk at a time: the same in any company."""
        return self._drawn(streams, ())

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """`CHUNK` rows that meet conditions for each stream, or fewer where it cannot.

        The network is told the values that leave no choice, and rows that meet the rest are kept:
        rows of its own conditional law. Where hardly any do, it is told a value of each condition,
        drawn from that column by itself. Columns that a law gives are never told.
        """
        given = Given(self._encoding, self._coding.grids)
        told = given.told(where)
        if not told:
            return super().draw_where(streams, where)
        first = given.first(told)
        tries = [(told, _MOST_DRAWS)]
        if first != told:
            tries.insert(0, (first, _FREE_DRAWS))
        chunks: list[Block] = []
        for stream in streams:
            for conditions, most in tries:
                draw = functools.partial(self._drawn, told=conditions)
                random = stream.spawn(1)
                made = accepted(draw, random, where, chunk=CHUNK, most_draws=most)
                if len(made) == CHUNK:
                    break
            chunks.append(made)
        return Block.concatenate(chunks)

    def _drawn(self, streams: Sequence[np.random.Generator], told: Sequence[Condition]) -> Block:
        """`CHUNK` rows for each stream, some columns given."""
        from .networks.devices import choose_device, threads_of

        device, _ = choose_device(self.device)
        network = copy.deepcopy(self._network).to(device)
        chunks: list[Block] = []
        with threads_of(self.threads):
            for stream in streams:
                matrix, cells = self._made(stream, CHUNK, network, told)
                matrix = self._replicates.settle(matrix, self._encoding.layout)
                latents = put(self._encoding.decode(matrix, stream), cells)
                # Again: laws snap to the grid what was given between its lines.
                chunks.append(put(self._coding.decode(latents), cells))
        return Block.concatenate(chunks)

    def _made(
        self,
        random: np.random.Generator,
        rows: int,
        network: RowNetwork,
        told: Sequence[Condition],
    ) -> tuple[FloatArray, dict[str, Cells]]:
        """Encoded rows of the network, shape (rows, width), and the cells that it was given."""
        import torch

        known = Given(self._encoding, self._coding.grids)
        cells = known.draw(told, rows, random) if told else known.level(rows, random)
        given = mask = np.zeros((rows, self._encoding.width))
        if cells:
            given, mask = known.encode(cells, random)
        start = random.standard_normal((rows, network.start_width), dtype=np.float32)
        device = network.owners.device
        with torch.no_grad():
            made = network.make(
                torch.from_numpy(start).to(device),
                torch.from_numpy(given.astype(np.float32)).to(device),
                torch.from_numpy(mask.astype(np.float32)).to(device),
                self.guidance if told else 1.0,
            )
        matrix = made.cpu().numpy().astype(np.float64) - self._moved
        return np.where(mask > 0, given, matrix), cells

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Law coding, encoding, replicates, and the weights in single precision."""
        encoding, arrays = self._encoding.state()
        replicates, points = self._replicates.state()
        arrays |= points
        arrays["moved"] = self._moved
        for name, weight in self._network.state_dict().items():
            arrays[f"network.{name}"] = weight.numpy()
        return {
            "coding": self._coding.state(),
            "encoding": encoding,
            "replicates": replicates,
            "device_line": self.device_line,
            "warm_started": self.warm_started,
        }, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        self._need_torch()
        import torch

        from .networks.noise import Noise

        self._coding = LawCoding.restore(self.table, state["coding"])
        self._encoding = Encoding.restore(self._coding.latent_table, state["encoding"], arrays)
        self._replicates = Replicates.restore(state["replicates"], arrays)
        self._moved = arrays["moved"]
        self._network = self.network(self._encoding.layout, Noise(0, 0))
        self._network.load_state_dict(
            {
                name.removeprefix("network."): torch.from_numpy(weight)
                for name, weight in arrays.items()
                if name.startswith("network.")
            }
        )
        self.device_line = state["device_line"]
        self.warm_started = state["warm_started"]

    def _job(self, block: Block, seed: int, champion: Neural | None) -> str:
        """Digest of all that the training follows from."""
        digest = hashlib.blake2b(block.digest().encode(), digest_size=16)
        digest.update(json.dumps([self.name, self.parameters, seed], sort_keys=True).encode())
        if champion is not None:
            for name, weight in champion._network.state_dict().items():  # noqa: SLF001  # our own class
                digest.update(name.encode() + weight.numpy().tobytes())
        return digest.hexdigest()

    def _need_torch(self) -> None:
        """Ask for torch with a helpful word where it is absent.

        Raises:
            NeedsTorch: With the command that installs it.
        """
        try:
            import torch  # noqa: F401  # whether it is there is the question
        except ImportError as error:
            raise NeedsTorch(
                f"generator {self.name!r} needs torch: pip install 'halflife[neural]', "
                "or take generator 'trees'"
            ) from error
