"""Network outputs to evaluation records: four numbers per class, from which every score follows."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from interact_cli.errors import RunFailed
from interact_cli.types import OutputKind


class Recorder:
    """Turns a batch of outputs into records.

    Args:
        output: What kind of output the network has.
        classes: The classes to record, for classifiers; one slot each.
    """

    def __init__(self, output: OutputKind, classes: Sequence[int]) -> None:
        self.output = output
        self.classes = tuple(classes)

    @property
    def shape(self) -> tuple[int, int]:
        """Slots and components of one record."""
        return (1, 1) if self.output == "scalar" else (len(self.classes), 4)

    def __call__(self, outputs: torch.Tensor) -> torch.Tensor:
        """Record a batch: ``(rows, K)`` outputs -> ``(rows, slot, component)`` float64.

        Computed in float64 on the device, or on the host where the device has none.

        Raises:
            RunFailed: the outputs have another shape than ``(rows, K)``.
        """
        if outputs.ndim == 1:
            outputs = outputs.unsqueeze(1)
        if outputs.ndim != 2:
            raise RunFailed(
                f"Expected the network to return (rows, classes), got {tuple(outputs.shape)}. "
                f"Wrap it so that it returns one row of logits per input."
            )
        logits = (outputs.cpu() if outputs.device.type == "mps" else outputs).double()
        if self.output == "scalar":
            return logits[:, :1].unsqueeze(-1)
        if self.output == "single-logit":
            records = logits.new_zeros(len(logits), len(self.classes), 4)
            for slot, label in enumerate(self.classes):
                records[:, slot, 0] = logits[:, 0] if label == 1 else -logits[:, 0]
            return records
        return torch.stack([self._of_class(logits, label) for label in self.classes], dim=1)

    @staticmethod
    def _of_class(logits: torch.Tensor, label: int) -> torch.Tensor:
        others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
        return torch.stack([logits[:, label], others.logsumexp(dim=1), others.amax(dim=1), others.mean(dim=1)], dim=1)
