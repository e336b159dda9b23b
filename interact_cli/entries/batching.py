"""What crosses the cut between stem and tail: computed for one row, needed for a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree


class NotOfOneRow(ValueError):
    """Something crosses the cut that cannot be repeated for every row."""


@dataclass(frozen=True)
class PerRow:
    """Which of the carried values belong to one row, learned from two runs with one row and with two.

    Args:
        flags: One per value, in torch's pytree order.
        copies: Copy the repeated tensors, for a tail that writes into them.
    """

    flags: tuple[bool, ...]
    copies: bool = False

    @classmethod
    def learned(cls, one: Any, two: Any, *, copies: bool = False) -> PerRow:
        """Compare a nest of values of one row with that of two equal rows.

        Raises:
            NotOfOneRow: a value follows the batch in a way that is neither a first axis nor a count.
        """
        leaves = zip(pytree.tree_leaves(one), pytree.tree_leaves(two), strict=True)
        return cls(tuple(_follows(a, b) for a, b in leaves), copies)

    def repeated(self, nest: Any, rows: int) -> Any:
        """Return a nest for a batch; tensors are views unless copies are asked for.

        Example:
            >>> PerRow((True, False)).repeated([1, 7], rows=64)
            [64, 7]
        """
        values, spec = pytree.tree_flatten(nest)
        paired = zip(values, self.flags, strict=True)
        return pytree.tree_unflatten([self._repeat(value, rows) if flag else value for value, flag in paired], spec)

    def _repeat(self, value: Any, rows: int) -> Any:
        if isinstance(value, torch.Size):
            return torch.Size((rows, *value[1:]))
        if not isinstance(value, torch.Tensor):
            return value * rows
        view = value.expand(rows, *value.shape[1:])
        return view.clone() if self.copies else view


def kept(nest: Any) -> Any:
    """Return a nest whose tensors are copies, so that nothing writes into them later."""
    return pytree.tree_map_only(torch.Tensor, torch.clone, nest)


def _follows(one: Any, two: Any) -> bool:
    """Whether a value belongs to the rows."""
    if isinstance(one, torch.Tensor | torch.Size):
        size, double = (tuple(value.shape if isinstance(value, torch.Tensor) else value) for value in (one, two))
        if size == double:
            return False
        if size[:1] == (1,) and double == (2, *size[1:]):
            return True
        raise NotOfOneRow(f"a tensor of shape {size} becomes {double} for two rows")
    if isinstance(one, int) and not isinstance(one, bool) and one != two:
        if two == 2 * one:
            return True
        raise NotOfOneRow(f"the number {one} becomes {two} for two rows")
    return False
