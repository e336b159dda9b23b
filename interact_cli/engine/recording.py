"""Network outputs to evaluation records: four numbers per class, from which every score follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from interact_cli.errors import RunFailed, UsageError
from interact_cli.types import Model

SMALLEST_REST = 2.0**-24
"""A float32 log-probability tells p from 1 no closer than this: 1 - p is recorded as at least so much, its logarithm as
at least -16.6, so that a continuation that the network is certain of has finite log-odds."""


def checked_outputs(outputs: object, rows: int, model: Model) -> torch.Tensor:
    """Return what the network gave back for a batch as ``(rows, K)``; ``K`` is 1 unless there are classes.

    Raises:
        RunFailed: it gave back something else.
        UsageError: the network has no head, so only feature scores apply.
    """
    if model.output == "features":
        raise UsageError("This network returns features, no outputs to score. Use --score feature:MODULE.")
    expected = (rows, model.n_classes if model.output == "classes" else 1)
    if isinstance(outputs, torch.Tensor):
        if outputs.ndim == 1 and expected[1] == 1:
            outputs = outputs.unsqueeze(1)
        if outputs.shape == expected:
            return outputs
        arrived = f"shape {tuple(outputs.shape)}"
    else:
        arrived = f"a {type(outputs).__name__}"
    raise RunFailed(
        f"Expected the network to return a tensor of shape (rows, outputs) = {expected}, got {arrived}. "
        f"Wrap it so that it returns one row per input."
    )


class Recorder:
    """Turns a batch of outputs into records.

    Args:
        model: What kind of output the network has, and of how many classes.
        classes: The classes to record, for classifiers; one slot each.
        device: Where the outputs are.
    """

    def __init__(self, model: Model, classes: Sequence[int], device: torch.device) -> None:
        self.output = model.output
        self.classes = tuple(classes)
        # MPS has no float64: there the records are computed on the host.
        self.device = torch.device("cpu") if device.type == "mps" else device
        self.own = torch.tensor(self.classes, dtype=torch.int64, device=self.device)
        others = [[other for other in range(model.n_classes) if other != label] for label in self.classes]
        self.others = torch.from_numpy(np.array(others, dtype=np.int64).T.flatten()).to(self.device)

    @property
    def shape(self) -> tuple[int, int]:
        """Slots and components of one record."""
        if self.output in {"scalar", "continuation"}:
            return (1, 1 if self.output == "scalar" else 4)
        return (len(self.classes), 4)

    def __call__(self, outputs: torch.Tensor) -> torch.Tensor:
        """Record a batch: ``(rows, K)`` outputs -> ``(rows, slot, component)`` float64."""
        logits = outputs.to(self.device).double()
        if self.output == "scalar":
            return logits.unsqueeze(-1)
        if self.output == "continuation":
            rest = (-torch.expm1(logits)).clamp(min=SMALLEST_REST).log()  # 1 - p, exact where p is nearly 1
            return torch.stack([logits, rest, *[torch.zeros_like(logits)] * 2], dim=-1)
        if self.output == "single-logit":
            records = logits.new_zeros(len(logits), *self.shape)
            records[:, :, 0] = logits * (2 * self.own - 1)
            return records
        by_class = logits.T.contiguous()  # rows last: the reductions below run along whole rows of memory
        others = by_class.index_select(0, self.others).view(-1, len(self.classes), len(logits))
        own = by_class.index_select(0, self.own)
        if len(others) == 1:  # of two classes, the other logit is its own logsumexp, maximum and mean
            return torch.stack([own, *[others[0]] * 3]).permute(2, 1, 0)
        return torch.stack([own, others.logsumexp(0), others.amax(0), others.mean(0)]).permute(2, 1, 0)
