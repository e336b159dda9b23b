"""Random shifts and mirror images of a batch, drawn from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor


def shift(batch: Tensor, *, pixels: int, fill: Tensor, draws: torch.Generator) -> Tensor:
    """Move each image by up to ``pixels`` along both axes.

    This is the random crop of He et al. (2015), section 4.2: every side is padded, then a window of the image's
    own size is cut out at random.

    Args:
        batch: ``(B, C, H, W)``.
        pixels: Largest move.
        fill: ``(C,)``, shown where the image has moved away.
        draws: A CPU generator.

    Returns:
        A new batch of the same shape, on the same device.
    """
    n, channels, height, width = batch.shape
    padded = fill[:, None, None].repeat(n, 1, height + 2 * pixels, width + 2 * pixels)
    padded[:, :, pixels : pixels + height, pixels : pixels + width] = batch
    moves = torch.randint(2 * pixels + 1, (2, n, 1), generator=draws)
    rows = (moves[0] + torch.arange(height)).to(batch.device)
    columns = (moves[1] + torch.arange(width)).to(batch.device)
    sample = torch.arange(n, device=batch.device)[:, None, None, None]
    channel = torch.arange(channels, device=batch.device)[None, :, None, None]
    return padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]


def flip(batch: Tensor, *, draws: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability 1/2.

    Args:
        batch: ``(B, C, H, W)``.
        draws: A CPU generator.

    Returns:
        A new batch of the same shape, on the same device.
    """
    mirrored = torch.randint(2, (len(batch), 1, 1, 1), generator=draws).bool().to(batch.device)
    return torch.where(mirrored, batch.flip(3), batch)
