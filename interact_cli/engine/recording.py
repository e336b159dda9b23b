"""Network outputs to evaluation records: four numbers per class, from which every score follows."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from interact_cli.errors import RunFailed
from interact_cli.types import Model, OutputKind


def checked_outputs(outputs: object, rows: int, model: Model) -> torch.Tensor:
    """Return what the network gave back for a batch as ``(rows, K)``; ``K`` is 1 for a single logit or a scalar.

    Raises:
        RunFailed: it gave back something else.
    """
    wanted = (rows, model.n_classes if model.output == "classes" else 1)
    if isinstance(outputs, torch.Tensor):
        if outputs.ndim == 1 and wanted[1] == 1:
            outputs = outputs.unsqueeze(1)
        if outputs.shape == wanted:
            return outputs
        arrived = f"shape {tuple(outputs.shape)}"
    else:
        arrived = f"a {type(outputs).__name__}"
    raise RunFailed(
        f"Expected the network to return a tensor of shape (rows, outputs) = {wanted}, got {arrived}. "
        f"Wrap it so that it returns one row per input."
    )


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
        """
        logits = (outputs.cpu() if outputs.device.type == "mps" else outputs).double()
        if self.output == "scalar":
            return logits.unsqueeze(-1)
        records = logits.new_zeros(len(logits), len(self.classes), 4)
        for slot, label in enumerate(self.classes):
            if self.output == "single-logit":
                records[:, slot, 0] = logits[:, 0] if label == 1 else -logits[:, 0]
            else:
                self._record_class(logits, label, records[:, slot])
        return records

    @staticmethod
    def _record_class(logits: torch.Tensor, label: int, record: torch.Tensor) -> None:
        others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
        record[:, 0] = logits[:, label]
        record[:, 1] = others.logsumexp(dim=1)
        record[:, 2] = others.amax(dim=1)
        record[:, 3] = others.mean(dim=1)
