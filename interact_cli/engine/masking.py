"""Coalitions to masked rows, on the device: bits in, ``where(present[owner], standing, baseline)`` out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from interact_cli.errors import ShapeError
from interact_cli.types import PlayerSet


class Masker:
    """The masked rows of one sample.

    Args:
        standing: What stands at the entry, ``(1, *entry shape)``, on the device where the masks are built.
        players: Owner of each position, -1 where always present, and baseline.
        memory_format: Layout of ``(C, H, W)`` rows in a batch.

    Raises:
        ShapeError: the players do not fit what stands at the entry.
    """

    def __init__(
        self,
        standing: torch.Tensor,
        players: PlayerSet,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> None:
        self.shape = shape = tuple(standing.shape[1:])
        owner = players.owner.reshape(_axes(players.owner, shape, players))
        self.baseline_axes = _axes(players.baseline, shape, players)
        baseline = players.baseline.reshape(self.baseline_axes)
        # Axes of one row in the order of its memory, so that the batch comes out of `where` in the asked layout.
        self.channels_last = memory_format == torch.channels_last
        self.order = order = (1, 2, 0) if self.channels_last else tuple(range(len(shape)))
        self.standing = standing[0].permute(order).contiguous()
        owner = owner.transpose(order)
        self.owner_shape = owner.shape
        # Positions without an owner show what stands there either way.
        self.owned = _resident(np.broadcast_to(owner >= 0, self.standing.shape), self.standing)
        shown = _resident(np.broadcast_to(baseline, shape).transpose(order), self.standing)
        self.baseline = shown.to(standing.dtype).where(self.owned, self.standing)
        self.owner = _resident(owner.ravel().clip(min=0), shown)
        self.shifts = torch.arange(8, dtype=torch.uint8, device=standing.device)

    def __call__(self, packed: torch.Tensor) -> torch.Tensor:
        """Mask a batch: ``(rows, ceil(n / 8))`` bytes -> ``(rows, *entry shape)``."""
        return self._masked(packed, self.baseline)

    def showing(self, packed: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        """Mask a batch with another baseline of the same shape, to which gradients flow."""
        everywhere = baseline.view(self.baseline_axes).expand(self.shape).permute(self.order)
        return self._masked(packed, everywhere.to(self.standing.dtype).where(self.owned, self.standing))

    def _masked(self, packed: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        bits = torch.bitwise_right_shift(packed.unsqueeze(-1), self.shifts).bitwise_and_(1)
        present = bits.flatten(1).to(torch.bool).index_select(1, self.owner)
        masked = torch.where(present.view(len(packed), *self.owner_shape), self.standing, baseline)
        return masked.permute(0, 3, 1, 2) if self.channels_last else masked


def _axes(array: npt.NDArray[np.generic], shape: tuple[int, ...], players: PlayerSet) -> tuple[int, ...]:
    """Return the shape of an array that is broadcastable to a shape, with as many axes as that has."""
    axes = (1,) * (len(shape) - array.ndim) + array.shape
    if len(axes) != len(shape) or any(size not in (1, whole) for size, whole in zip(axes, shape, strict=True)):
        raise ShapeError(
            f"Expected players '{players.spec}' of a shape that fits {shape}, which stands at the entry "
            f"({players.entry}), got {array.shape}. Make them for this sample."
        )
    return axes


def _resident(array: npt.NDArray[np.generic], like: torch.Tensor) -> torch.Tensor:
    """Copy an array, read-only and broadcast ones included, to where a tensor is."""
    return torch.from_numpy(np.array(array, order="C")).to(like.device)
