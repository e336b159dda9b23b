"""Memory that runs out: told apart from other failures, and freed."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

Made = TypeVar("Made")

MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUDNN_STATUS_NOT_SUPPORTED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""What torch's allocators and libraries say when memory runs out, in errors that are plain ``RuntimeError``."""


def attempt(work: Callable[[], Made]) -> Made | None:
    """Return what ``work`` makes, or None when memory ran out; the error and all it holds are gone by then."""
    try:
        return work()
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        return None


def free(device: torch.device) -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(word in str(error) for word in MEMORY_WORDS)
