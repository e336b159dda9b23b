"""Coalitions to masked inputs, on the device: bits in, ``where(present[owner], input, baseline)`` out."""

from __future__ import annotations

import numpy as np
import torch

from interact_cli.types import PlayerSet, Sample


class Masker:
    """The masked inputs of one sample.

    Args:
        sample: Its input, ``(C, H, W)`` or ``(F,)``.
        players: Owner of each position and baseline.
        device: Where the masks are built.
        memory_format: Layout of image batches.
    """

    def __init__(
        self,
        sample: Sample,
        players: PlayerSet,
        device: torch.device,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> None:
        # Axes of one row in the order of its memory, so that the batch comes out of `where` in the asked layout.
        self.channels_last = memory_format == torch.channels_last
        order = (1, 2, 0) if self.channels_last else tuple(range(sample.input.ndim))
        baseline = np.broadcast_to(players.baseline, sample.input.shape)
        self.input = _resident(sample.input.transpose(order), device)
        self.baseline = _resident(baseline.transpose(order), device)
        self.owner_shape = players.owner.transpose(order).shape
        self.owner = _resident(players.owner.ravel(), device)
        self.shifts = torch.arange(8, dtype=torch.uint8, device=device)

    def __call__(self, packed: torch.Tensor) -> torch.Tensor:
        """Mask a batch: ``(rows, ceil(n / 8))`` bytes -> ``(rows, *input shape)``."""
        bits = torch.bitwise_right_shift(packed.unsqueeze(-1), self.shifts).bitwise_and_(1)
        present = bits.flatten(1).to(torch.bool).index_select(1, self.owner)
        masked = torch.where(present.view(len(packed), *self.owner_shape), self.input, self.baseline)
        return masked.permute(0, 3, 1, 2) if self.channels_last else masked


def _resident(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """Copy an array, read-only and broadcast ones included, to the device."""
    return torch.from_numpy(np.array(array, order="C")).to(device)
