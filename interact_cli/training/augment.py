"""Random shifts and mirror images of a batch, drawn from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def shift_and_flip(batch: Tensor, *, shift: int, flip: bool, draws: torch.Generator) -> Tensor:
    """Move each image by up to ``shift`` pixels along both axes, and mirror half of them.

    This is the random crop of He et al. (2015), section 4.2: zeros are added on every side, then a window of
    the image's own size is cut out at random.

    Args:
        batch: ``(B, C, H, W)``; anything, unchanged, when ``shift`` is 0 and ``flip`` is False.
        shift: Largest move in pixels.
        flip: Whether to mirror left to right with probability 1/2.
        draws: A CPU generator.

    Returns:
        A batch of the same shape, on the same device.

    Example:
        >>> rows = torch.ones(2, 3)
        >>> shift_and_flip(rows, shift=0, flip=False, draws=torch.Generator()) is rows
        True
    """
    if flip:
        mirrored = torch.randint(2, (len(batch), 1, 1, 1), generator=draws).bool().to(batch.device)
        batch = torch.where(mirrored, batch.flip(3), batch)
    if shift:
        n, channels, height, width = batch.shape
        moves = torch.randint(2 * shift + 1, (2, n, 1), generator=draws)
        rows = (moves[0] + torch.arange(height)).to(batch.device)
        columns = (moves[1] + torch.arange(width)).to(batch.device)
        padded = F.pad(batch, (shift, shift, shift, shift))
        sample = torch.arange(n, device=batch.device)[:, None, None, None]
        channel = torch.arange(channels, device=batch.device)[None, :, None, None]
        batch = padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return batch
