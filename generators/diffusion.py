"""Diffusion: a small network that turns noise into rows, step by step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from halflife.schemas.table import Block, Table

from .archive import Arrays
from .encoding import Encoding
from .errors import NeedsTorch
from .generator import CHUNK, Generator
from .laws import LawCoding
from .progress import Progress

if TYPE_CHECKING:
    from .denoiser import Denoiser


_WARM_RATE = 0.5


class Diffusion(Generator):
    """An EDM diffusion model of encoded rows, for numbers and categories alike.

    Rows are encoded as normal scores and indicators (`Encoding`), laws by `LawCoding`. Training
    minimises EDM's denoising loss with AdamW and a cosine learning rate; what samples is the
    exponential moving average of the weights at its best held-out loss. A tenth of the rows is
    held out and training stops when they have gained nothing for 500 steps.

    Args:
        table: What the columns are, and the laws to keep.
        steps: Most training steps, of at most 256 rows each.
        hidden: Units of each layer.
        layers: Residual blocks.
        rate: Highest learning rate; half of it after a warm start.
        sampling_steps: Noise levels on the way from noise to rows.
        device: ``"auto"`` for a GPU where there is one, or torch's name of a device.
        threads: CPU threads of torch while it trains and samples.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.

    Attributes:
        device_line: Which device trained and why; empty before `fit`.
        warm_started: Whether it began with the weights of the generator given as ``warm``.

    Example:
        >>> from halflife.schemas.table import Column
        >>> Diffusion(Table((Column(name="x"),)), steps=500).parameters["steps"]
        500

    Reference:
        T. Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
        NeurIPS 2022.
    """

    name: ClassVar[str] = "diffusion"
    neural: ClassVar[bool] = True

    def __init__(
        self,
        table: Table,
        *,
        steps: int = 2000,
        hidden: int = 128,
        layers: int = 3,
        rate: float = 2e-3,
        sampling_steps: int = 20,
        device: str = "auto",
        threads: int = 1,
    ) -> None:
        super().__init__(table)
        sizes = {
            "steps": steps,
            "hidden": hidden,
            "layers": layers,
            "sampling_steps": sampling_steps - 1,
            "threads": threads,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} is too small: {size}")
        self.steps = steps
        self.hidden = hidden
        self.layers = layers
        self.rate = rate
        self.sampling_steps = sampling_steps
        self.device = device
        self.threads = threads
        self.device_line = ""
        self.warm_started = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table."""
        names = ("steps", "hidden", "layers", "rate", "sampling_steps", "device", "threads")
        return {name: getattr(self, name) for name in names}

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
        _need_torch()
        from . import denoiser
        from .training import Training

        self._coding = LawCoding.of(block)
        latents = self._coding.encode(block)
        self._encoding = Encoding.of(latents)
        device, self.device_line = denoiser.choose_device(self.device)
        with denoiser.threads_of(self.threads):
            network = self._start(warm, seed)
            rate = self.rate * (_WARM_RATE if self.warm_started else 1.0)
            training = Training(
                network.to(device), self._encoding, latents, steps=self.steps, rate=rate, seed=seed
            )
            self._network: Denoiser = training.run(progress, clock).to("cpu")

    def _start(self, warm: Generator | None, seed: int) -> Denoiser:
        """The champion's network where its shape agrees, else a new one."""
        from .denoiser import Denoiser, generator_of

        shape = (self._encoding.width, self.hidden, self.layers)
        self.warm_started = (
            isinstance(warm, Diffusion) and warm._fitted and warm._shape() == shape  # noqa: SLF001  # our own class
        )
        if self.warm_started and isinstance(warm, Diffusion):
            return copy.deepcopy(warm._network)  # noqa: SLF001  # our own class
        return Denoiser(*shape, generator_of(seed, 0))

    def _shape(self) -> tuple[int, int, int]:
        return self._encoding.width, self.hidden, self.layers

    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream, one chunk at a time: the same in any company."""
        import torch

        from . import denoiser

        device, _ = denoiser.choose_device(self.device)
        network = self._network.to(device)
        chunks: list[Block] = []
        with denoiser.threads_of(self.threads):
            for stream in streams:
                start = stream.standard_normal((CHUNK, self._encoding.width), dtype=np.float32)
                rows = denoiser.denoise(
                    network, torch.from_numpy(start).to(device), self.sampling_steps
                )
                matrix = rows.cpu().numpy().astype(np.float64)
                chunks.append(self._coding.decode(self._encoding.decode(matrix, stream)))
        self._network = network.to("cpu")
        return Block.concatenate(chunks)

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Law coding, encoding, and the weights in single precision."""
        encoding, arrays = self._encoding.state()
        for name, weight in self._network.state_dict().items():
            arrays[f"network.{name}"] = weight.numpy()
        return {
            "coding": self._coding.state(),
            "encoding": encoding,
            "device_line": self.device_line,
            "warm_started": self.warm_started,
        }, arrays

    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""
        _need_torch()
        import torch

        from .denoiser import Denoiser

        self._coding = LawCoding.restore(self.table, state["coding"])
        self._encoding = Encoding.restore(self._coding.latent_table, state["encoding"], arrays)
        self._network = Denoiser(*self._shape(), torch.Generator())
        weights = {
            name.removeprefix("network."): torch.from_numpy(weight)
            for name, weight in arrays.items()
            if name.startswith("network.")
        }
        self._network.load_state_dict(weights)
        self.device_line = state["device_line"]
        self.warm_started = state["warm_started"]


def _need_torch() -> None:
    """Ask for torch with a helpful word where it is absent.

    Raises:
        NeedsTorch: With the command that installs it.
    """
    try:
        import torch  # noqa: F401  # whether it is there is the question
    except ImportError as error:
        raise NeedsTorch(
            "generator 'diffusion' needs torch: pip install 'halflife[neural]', "
            "or take generator 'trees'"
        ) from error
