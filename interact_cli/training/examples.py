"""A whole split as two tensors, in the network's input space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from interact_cli.errors import DataRefused
from interact_cli.interfaces import Dataset
from interact_cli.types import Preprocess


@dataclass(frozen=True)
class Examples:
    """Inputs and their true classes."""

    inputs: Tensor
    """``(N, C, H, W)`` or ``(N, F)`` float32, preprocessed."""
    labels: Tensor
    """``(N,)`` int64."""

    def __len__(self) -> int:
        return len(self.labels)


def load_examples(dataset: Dataset, preprocess: Preprocess, n_classes: int) -> Examples:
    """Read and preprocess every sample of a split; CIFAR-10's training part takes 0.6 GB.

    Args:
        dataset: A labelled split.
        preprocess: Raw sample -> network input.
        n_classes: Number of classes ``K``.

    Raises:
        DataRefused: no samples, no labels, or a label outside ``0..K-1``.
    """
    if dataset.labels is None or len(dataset) == 0:
        raise DataRefused(
            f"Expected labelled samples in the '{dataset.split}' split of '{dataset.name}', "
            f"got {len(dataset)} samples {'with' if dataset.labels is not None else 'without'} labels. "
            "Name a data set that has them, or give a trained checkpoint."
        )
    low, high = int(dataset.labels.min()), int(dataset.labels.max())
    if low < 0 or high >= n_classes:
        raise DataRefused(
            f"Expected labels 0 to {n_classes - 1} in the '{dataset.split}' split of '{dataset.name}', "
            f"got {low} to {high}. Check the label files."
        )
    inputs = np.stack([preprocess(dataset.raw(index)) for index in range(len(dataset))])
    return Examples(torch.from_numpy(inputs).float(), torch.from_numpy(dataset.labels.astype(np.int64)))
