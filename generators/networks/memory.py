"""What is done where the memory of a GPU does not suffice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch

from .row_network import RowNetwork

_SMALLEST_BATCH: Final = 32


def within_memory(
    train: Callable[[torch.device, int], RowNetwork], device: torch.device, batch: int
) -> tuple[RowNetwork, str]:
    """Train with smaller batches, then on the CPU, until the memory suffices.

    Args:
        train: Trains anew on a device with so many rows a step.
        device: To begin with.
        batch: Likewise; the CPU is given that many again.

    Returns:
        What ``train`` gave, and what was made smaller, in words; empty where nothing was.
    """
    smaller, trouble = batch, ""
    while device.type != "cpu":
        try:
            return train(device, smaller), trouble
        except torch.OutOfMemoryError:
            if device.type == "cuda":
                torch.cuda.empty_cache()
            if smaller <= _SMALLEST_BATCH:
                break
            smaller = max(_SMALLEST_BATCH, smaller // 2)
            trouble = f"its memory was full, so batches of {smaller} rows"
    else:
        return train(device, batch), ""
    return train(torch.device("cpu"), batch), "its memory was full, so trained on the CPU"
