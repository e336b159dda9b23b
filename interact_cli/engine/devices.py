"""Which device computes, and at what precision: both asked for explicitly, both recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from interact_cli.errors import UsageError


def resolve_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises:
        UsageError: no such name, or a device that this machine does not have.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", 0)
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise UsageError(f"Expected --device auto, cpu, cuda, cuda:N or mps, got '{name}'.")
    device = torch.device(name)
    if device.type == "cuda":
        n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= n_devices:
            raise UsageError(
                f"Device '{name}' was asked for, but torch {torch.__version__} sees {n_devices} CUDA devices here. "
                f"Use --device cpu, or run 'interact doctor'."
            )
        return torch.device("cuda", device.index or 0)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("Device 'mps' was asked for, but this machine has none. Use --device cpu.")
    return device


def describe(device: torch.device) -> str:
    """Return the device's type and name: ``"cuda (NVIDIA H200)"``, ``"cpu"``."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


@contextmanager
def full_float32() -> Iterator[None]:
    """Compute float32 as IEEE float32, TF32 and bfloat16 off for convolutions and products; restored afterwards.

    A factory that calls ``torch.set_float32_matmul_precision`` would otherwise change both, on CPUs too.
    Second differences cancel: TF32 made E|I| of a small ViT a third too large at low orders.
    """
    backends: Any = torch.backends  # the stubs do not know the settings yet
    settings = [
        getattr(getattr(backends, library), operation)
        for library, operation in (("cuda", "matmul"), ("cudnn", "conv"), ("mkldnn", "matmul"), ("mkldnn", "conv"))
    ]
    before = [setting.fp32_precision for setting in settings]
    for setting in settings:
        setting.fp32_precision = "ieee"
    try:
        # The caller may measure inside an autocast of its own.
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            yield
    finally:
        for setting, precision in zip(settings, before, strict=True):
            setting.fp32_precision = precision
