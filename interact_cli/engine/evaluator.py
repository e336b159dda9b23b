"""The masking engine: packed coalitions in, evaluation records out, in batches of one fixed shape.

Every batch has the same number of rows, the last one padded, so a value does not depend on which coalitions share
its batch. When memory runs out the batch is halved and the work goes on from the row that it had reached; the new
shape stays and is reported.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from interact_cli.engine.devices import full_float32
from interact_cli.engine.masking import Masker
from interact_cli.engine.recording import Recorder, checked_outputs
from interact_cli.errors import NonFiniteError, OutOfMemory
from interact_cli.interfaces import Progress, Silent
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, Model, PackedArray, PlayerSet, Sample

MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUDNN_STATUS_NOT_SUPPORTED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""What torch's allocators and libraries say when memory runs out, in errors that are plain ``RuntimeError``."""

UNMASKED = "unmasked inputs"
"""Stands for the sample where a batch holds unmasked inputs of many samples."""


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

    Raises:
        OutOfMemory: the network itself does not fit the device.
    """

    model: Model
    device: torch.device
    rows: int
    progress: Progress = field(default_factory=Silent)
    back_offs: list[BackOff] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Move the network and choose its memory layout."""
        self.first_rows = self.rows
        images = self.model.input.kind == "image"
        convolutional = images and self.model.family == "convnet"
        self.memory_format = torch.channels_last if convolutional else torch.contiguous_format
        try:
            self.module = self.model.module.eval().to(self.device)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            raise OutOfMemory(
                f"The network itself does not fit the memory of {self.device}. Use another --device."
            ) from None
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
            RunFailed: the network returned another shape than one row of outputs per input.
        """
        masker = Masker(sample, players, self.device, self.memory_format)
        recorder = Recorder(self.model, classes, self.device)

        def evaluate(start: int, rows: int) -> FloatArray:
            batch = torch.from_numpy(_padded(coalitions[start : start + rows], rows)).to(self.device)
            values: FloatArray = recorder(self._outputs(masker(batch))).cpu().numpy()
            return values

        records = np.empty((len(coalitions), *recorder.shape))
        with torch.inference_mode(), full_float32():
            for start, values in self._batches(len(coalitions), sample.id, evaluate):
                records[start : start + len(values)] = values
                self.progress.advance(len(values))
        if not np.isfinite(records).all():
            raise NonFiniteError(
                f"The network returned NaN or infinity on masked inputs of sample '{safe_text(sample.id)}'. "
                f"Check its weights and its input scaling, or try another --baseline."
            )
        return records

    def logits(self, inputs: Sequence[npt.NDArray[np.float32]]) -> FloatArray:
        """Evaluate unmasked inputs: each ``(C, H, W)`` or ``(F,)`` -> ``(input, K)`` float64.

        Raises:
            NonFiniteError: an output is NaN or infinite.
            OutOfMemory: not even one row fits.
            RunFailed: the network returned another shape than one row of outputs per input.
        """

        def evaluate(start: int, rows: int) -> FloatArray:
            batch = torch.from_numpy(_padded(np.stack(inputs[start : start + rows]), rows)).to(self.device)
            outputs = self._outputs(batch.contiguous(memory_format=self.memory_format))
            values: FloatArray = outputs.cpu().double().numpy()
            return values

        with torch.inference_mode(), full_float32():
            batches = [values for _, values in self._batches(len(inputs), UNMASKED, evaluate)]
        logits: FloatArray = np.concatenate(batches)
        if not np.isfinite(logits).all():
            raise NonFiniteError(
                "The network returned NaN or infinity on unmasked inputs. Check its weights and its input scaling."
            )
        return logits

    def _outputs(self, batch: torch.Tensor) -> torch.Tensor:
        return checked_outputs(self.module(batch), len(batch), self.model)

    def _batches(
        self, total: int, sample_id: str, evaluate: Callable[[int, int], FloatArray]
    ) -> Iterator[tuple[int, FloatArray]]:
        """Yield where each batch starts and its values without the padding; halve the batch when memory runs out."""
        done = 0
        while done < total:
            values = self._attempt(evaluate, done)
            if values is None:
                self._back_off(sample_id, done)
                continue
            values = values[: total - done]
            yield done, values
            done += len(values)

    def _attempt(self, evaluate: Callable[[int, int], FloatArray], start: int) -> FloatArray | None:
        """Return a batch's values, or None when memory ran out; the error and all it holds are gone by then."""
        try:
            return evaluate(start, self.rows)
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
            return None

    def _back_off(self, sample_id: str, row: int) -> None:
        if self.rows == 1:
            raise OutOfMemory(
                f"Not even one input of sample '{safe_text(sample_id)}' fits the memory of {self.device}. "
                f"Use another --device."
            )
        self.rows //= 2
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.back_offs.append(BackOff(sample_id, row, self.rows))
        self.progress.warn(f"Out of memory: the batch is halved to {self.rows} rows; finished work is kept.")


def _padded(batch: npt.NDArray[np.generic], rows: int) -> npt.NDArray[np.generic]:
    """Return ``rows`` rows: the batch, then zeros."""
    padded = np.zeros((rows, *batch.shape[1:]), dtype=batch.dtype)
    padded[: len(batch)] = batch
    return padded


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(word in str(error) for word in MEMORY_WORDS)
