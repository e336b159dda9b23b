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
        self.input = torch.as_tensor(np.ascontiguousarray(sample.input), device=device)
        baseline = np.ascontiguousarray(np.broadcast_to(players.baseline, sample.input.shape))
        self.baseline = torch.as_tensor(baseline, device=device)
        self.owner_shape = players.owner.shape
        self.owner = torch.as_tensor(players.owner.ravel(), device=device)
        self.shifts = torch.arange(8, dtype=torch.uint8, device=device)
        self.memory_format = memory_format

    def __call__(self, packed: torch.Tensor) -> torch.Tensor:
        """Mask a batch: ``(rows, ceil(n / 8))`` bytes -> ``(rows, *input shape)``."""
        bits = torch.bitwise_right_shift(packed.unsqueeze(-1), self.shifts).bitwise_and_(1)
        present = bits.flatten(1).index_select(1, self.owner).view(len(packed), *self.owner_shape).to(torch.bool)
        masked = torch.where(present, self.input, self.baseline)
        return masked.contiguous(memory_format=self.memory_format)
