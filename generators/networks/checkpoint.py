"""The file from which a training that was killed goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from halflife.generators.archive import Arrays, read, write
from halflife.generators.errors import WrongState

from .noise import Noise


class Checkpoint:
    """All of a training between two checks: networks, optimisers, random numbers, counts.

    Args:
        path: Of the file; its folder is made when it is first written.
        job: Digest of all that the training follows from; a file of another job is not read.
    """

    def __init__(self, path: Path, job: str) -> None:
        self.path = path
        self.job = job

    def write(
        self,
        networks: Mapping[str, nn.Module],
        optimisers: Mapping[str, torch.optim.Optimizer],
        noise: Noise,
        counts: Mapping[str, Any],
    ) -> None:
        """Replace the file as a whole."""
        arrays: Arrays = {"noise": noise.generator.get_state().numpy()}
        for name, network in networks.items():
            for key, tensor in network.state_dict().items():
                arrays[f"network/{name}/{key}"] = tensor.cpu().numpy()
        for name, optimiser in optimisers.items():
            for place, found in optimiser.state_dict()["state"].items():
                for key, tensor in found.items():
                    arrays[f"optimiser/{name}/{place}/{key}"] = tensor.cpu().numpy()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write(self.path, {"job": self.job, "counts": dict(counts)}, arrays)

    def read(
        self,
        networks: Mapping[str, nn.Module],
        optimisers: Mapping[str, torch.optim.Optimizer],
        noise: Noise,
    ) -> Mapping[str, Any] | None:
        """Put everything back and give the counts; None where there is no file of this job."""
        try:
            header, arrays = read(self.path)
        except (FileNotFoundError, WrongState):
            return None  # none yet, or cut short by a crash of the machine: begin anew
        if header.get("job") != self.job:
            return None
        for name, network in networks.items():
            network.load_state_dict(_tensors(arrays, f"network/{name}/"))
        for name, optimiser in optimisers.items():
            places: dict[int, dict[str, torch.Tensor]] = {}
            for key, tensor in _tensors(arrays, f"optimiser/{name}/").items():
                place, _, what = key.partition("/")
                places.setdefault(int(place), {})[what] = tensor
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": places, "param_groups": groups})
        noise.generator.set_state(torch.from_numpy(arrays["noise"]))
        counts: Mapping[str, Any] = header["counts"]
        return counts

    def forget(self) -> None:
        """The training is done."""
        self.path.unlink(missing_ok=True)


def _tensors(arrays: Arrays, prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
