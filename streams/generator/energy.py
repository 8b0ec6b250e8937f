"""What a training costs: CPU time of child processes, and energy of the GPU by NVML."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from typing import Any


def reaped_cpu_seconds() -> float:
    """CPU time, in s, of all child processes of this one that have ended, theirs included.

    The difference before and after a child is waited for is what that child took.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class GpuMeter:
    """Energy that the GPU takes from now on, in J.

    NVML counts the energy of a whole card, in mJ, on cards from Volta on: what other processes
    draw meanwhile, and what an idle card draws, is in it. The card is the first that
    ``CUDA_VISIBLE_DEVICES`` names, which torch takes too. It starts at once, and costs nothing
    where the package ``nvidia-ml-py`` or a card is absent.

    Example:
        >>> GpuMeter().joules() is None  # torch has touched no GPU in this process
        True

    Reference: NVIDIA, NVML API, ``nvmlDeviceGetTotalEnergyConsumption``.
    """

    def __init__(self) -> None:
        self._start = _millijoules()

    def joules(self) -> float | None:
        """Since the start; None where this process has not used a GPU, or nobody counts."""
        torch = sys.modules.get("torch")  # never imported here: most trainings need none
        if self._start is None or torch is None or not torch.cuda.is_initialized():
            return None
        end = _millijoules()
        return None if end is None else max(0.0, end - self._start) / 1000.0


def _millijoules() -> float | None:
    """The counter of the first visible card."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, no card
        return None
    try:
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(_first_visible(pynvml)))
    except (pynvml.NVMLError, ValueError):  # older than Volta, a slice of a card, an odd name
        return None
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _first_visible(pynvml: Any) -> Any:
    name = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip() or "-1"
    if name.startswith("GPU-"):
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    return pynvml.nvmlDeviceGetHandleByIndex(int(name))
