"""The masking engine: packed coalitions in, evaluation records out, in batches of one fixed shape.

Every batch has the same number of rows, the last one padded, so a value does not depend on which coalitions share
its batch. When memory runs out the batch is halved and the work goes on from the row that it had reached; the new
shape stays and is reported.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from interact_cli.engine.devices import full_float32
from interact_cli.engine.masking import Masker
from interact_cli.engine.recording import Recorder
from interact_cli.errors import NonFiniteError, OutOfMemory
from interact_cli.interfaces import Progress, Silent
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, Model, PackedArray, PlayerSet, Sample

MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "CUDNN_STATUS_NOT_SUPPORTED")


@dataclass(frozen=True)
class BackOff:
    """A batch that did not fit."""

    sample_id: str
    row: int
    """First coalition of the sample that was evaluated with the smaller batch."""
    rows: int
    """Rows of a batch from there on."""


@dataclass
class Evaluator:
    """One network on one device.

    Args:
        model: The network; moved to the device and kept there.
        device: Where it runs.
        rows: Rows of every batch, until memory runs out.
        progress: Told of every batch.
    """

    model: Model
    device: torch.device
    rows: int
    progress: Progress = field(default_factory=Silent)
    back_offs: list[BackOff] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Move the network and choose its memory layout."""
        images = self.model.input.kind == "image"
        convolutional = images and self.model.family == "convnet"
        self.memory_format = torch.channels_last if convolutional else torch.contiguous_format
        self.module = self.model.module.eval().to(self.device)
        if convolutional:
            self.module = self.module.to(memory_format=self.memory_format)

    def records(
        self, sample: Sample, players: PlayerSet, coalitions: PackedArray, classes: Sequence[int]
    ) -> FloatArray:
        """Evaluate coalitions of one sample.

        Args:
            sample: The input.
            players: What each player is and how absence looks.
            coalitions: ``(m, ceil(n / 8))`` packed.
            classes: Classes to record; empty for a scalar output.

        Returns:
            ``(m, slot, component)`` float64.

        Raises:
            NonFiniteError: an output is NaN or infinite.
            OutOfMemory: not even one row fits.
        """
        masker = Masker(sample, players, self.device, self.memory_format)
        recorder = Recorder(self.model.output, classes)
        records = np.empty((len(coalitions), *recorder.shape))
        done = 0
        while done < len(coalitions):
            batch = coalitions[done : done + self.rows]
            try:
                values = self._forward(masker, recorder, batch)
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._back_off(sample.id, done)
                continue
            if not np.isfinite(values).all():
                raise NonFiniteError(
                    f"The network returned NaN or infinity on masked inputs of sample '{safe_text(sample.id)}'. "
                    f"Check its weights and its input scaling, or try another --baseline."
                )
            records[done : done + len(batch)] = values
            done += len(batch)
            self.progress.advance(len(batch))
        return records

    def logits(self, inputs: Sequence[np.ndarray]) -> FloatArray:  # type: ignore[type-arg]  # float32
        """Evaluate unmasked inputs: each ``(C, H, W)`` or ``(F,)`` -> ``(input, K)`` float64.

        Raises:
            NonFiniteError: an output is NaN or infinite.
        """
        chunks = []
        step = min(self.rows, 256)
        for start in range(0, len(inputs), step):
            batch = torch.as_tensor(np.stack(inputs[start : start + step]), device=self.device)
            with torch.inference_mode(), full_float32():
                outputs = self.module(batch.contiguous(memory_format=self.memory_format))
            chunks.append(outputs.reshape(len(batch), -1).cpu().double().numpy())
        logits: FloatArray = np.concatenate(chunks)
        if not np.isfinite(logits).all():
            raise NonFiniteError(
                "The network returned NaN or infinity on unmasked inputs. Check its weights and its input scaling."
            )
        return logits

    def _forward(self, masker: Masker, recorder: Recorder, batch: PackedArray) -> FloatArray:
        padded = np.zeros((self.rows, batch.shape[1]), dtype=np.uint8)
        padded[: len(batch)] = batch
        with torch.inference_mode(), full_float32():
            outputs = self.module(masker(torch.from_numpy(padded).to(self.device)))
            values: FloatArray = recorder(outputs).cpu().numpy()
        return values[: len(batch)]

    def _back_off(self, sample_id: str, row: int) -> None:
        if self.rows == 1:
            raise OutOfMemory(
                f"Not even one masked input of sample '{safe_text(sample_id)}' fits the memory of {self.device}. "
                f"Use another --device."
            ) from None
        self.rows //= 2
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.back_offs.append(BackOff(sample_id, row, self.rows))
        self.progress.warn(f"Out of memory: the batch is halved to {self.rows} rows; finished work is kept.")


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in MEMORY_WORDS)
