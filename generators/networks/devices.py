"""Where networks are trained, at which precision, and with how many threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


def choose_device(wanted: str) -> tuple[torch.device, str]:
    """The device and one line that says which it is and why.

    Args:
        wanted: ``"auto"``, or what torch calls a device: ``"cpu"``, ``"cuda:0"``.
    """
    if wanted != "auto":
        return torch.device(wanted), f"{wanted}: asked for"
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        return torch.device("cuda"), f"cuda: {name}, the GPU that torch sees here"
    return torch.device("cpu"), f"cpu: {_why_no_gpu()}"


def _why_no_gpu() -> str:
    built = torch.version.cuda or torch.version.hip
    if built is None:
        return "torch was built without CUDA"
    return f"torch was built for CUDA {built}, but sees no GPU here"


@contextlib.contextmanager
def quick_arithmetic(device: torch.device) -> Iterator[bool]:
    """TF32 for the matrix products of a GPU, and as before afterwards.

    Yields:
        Whether losses are to be computed in bfloat16 as well: where the GPU has it.
    """
    if device.type != "cuda":
        yield False
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield torch.cuda.is_bf16_supported()
    finally:
        torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def threads_of(count: int) -> Iterator[None]:
    """Torch on that many CPU threads, and as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
