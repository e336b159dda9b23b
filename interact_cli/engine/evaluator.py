"""The masking engine: packed coalitions in, evaluation records out, in batches of one fixed shape.

Every batch has the same number of rows, the last one padded, so a value does not depend on which coalitions share
its batch. When memory runs out the batch is halved and the work goes on from the row that it had reached; the new
shape stays and is reported. Where the mask enters inside the network, the part before it runs once per sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from interact_cli.engine.devices import full_float32
from interact_cli.engine.features import Run
from interact_cli.engine.masking import Masker
from interact_cli.engine.memory import attempt, free
from interact_cli.engine.recording import Recorder, checked_outputs
from interact_cli.engine.stem import Stem
from interact_cli.errors import NonFiniteError, OutOfMemory, UsageError
from interact_cli.progress import Progress, Silent
from interact_cli.safe_text import safe_text
from interact_cli.types import INPUT, Entry, FloatArray, IntArray, Model, PackedArray, PlayerSet, Sample

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
    """One network on one device, entered at one place.

    Args:
        model: The network; moved to the device and kept there.
        device: Where it runs.
        rows: Rows of every batch, until memory runs out.
        progress: Told of every batch.
        entry: Where the mask enters the network.
        features: Modules whose feature scores are recorded instead of the outputs; ``""`` is what the network returns.
        vector: Record the output of the only module of ``features`` itself, its mean over space or words.
        whole_rows: Most rows of a batch through the whole network, where ``rows`` are those behind an entry inside it.

    Raises:
        OutOfMemory: the network itself does not fit the device.
        UnknownNameError: the network has no module of a name in ``features``.
    """

    model: Model
    device: torch.device
    rows: int
    progress: Progress = field(default_factory=Silent)
    entry: Entry = INPUT
    features: tuple[str, ...] = ()
    whole_rows: int | None = None
    vector: bool = False
    back_offs: list[BackOff] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Move the network and choose its memory layout."""
        self.first_rows = self.rows
        self._width: int | None = None
        convolutional = self.model.input.kind == "image" and self.model.family == "convnet"
        memory_format = torch.channels_last if convolutional else torch.contiguous_format
        module = attempt(lambda: self.model.module.eval().to(self.device))
        if module is None:
            raise OutOfMemory(f"The network itself does not fit the memory of {self.device}. Use another --device.")
        self.module = module.to(memory_format=memory_format) if convolutional else module
        self.stem = Stem(self.module, self.device, memory_format, self.entry, self.features, self.vector)

    def open(self, sample: Sample, *, fit: bool = False) -> None:
        """Find the way from the entry to the output and check it on one sample.

        Optional: the first sample opens it otherwise.

        Args:
            sample: Any one.
            fit: Take no more than ``whole_rows`` rows where every masked row runs through the whole network.

        Raises:
            UsageError: the network has no such entry.
            OutOfMemory: the check does not fit the device.
        """
        self.stem.open(sample, self.rows)
        if fit and self.whole_rows is not None and self.stem.way.split()[0] in {"replay", "hook"}:
            self.rows = self.first_rows = min(self.rows, self.whole_rows)

    def records(
        self, sample: Sample, players: PlayerSet, coalitions: PackedArray, classes: Sequence[int]
    ) -> FloatArray:
        """Evaluate coalitions of one sample.

        Args:
            sample: The input.
            players: What each player is and how absence looks.
            coalitions: ``(m, ceil(n / 8))`` packed.
            classes: Classes to record; empty for outputs without classes.

        Returns:
            ``(m, slot, component)`` float64, see `interact_cli.results.SampleRecords`.

        Raises:
            NonFiniteError: an output is NaN or infinite.
            OutOfMemory: not even one row fits.
            ShapeError: the players do not fit what stands at the entry.
            RunFailed: the network returned another shape than one row of outputs per input, or a module whose feature
                is asked for returned zeros.
            UsageError: a module whose feature is asked for does not run after the entry, or returns no features.
        """
        recorder = Recorder(self.model, classes, self.device)
        shape = (len(self.features), self.width(sample)) if self.features else recorder.shape
        records = np.empty((len(coalitions), *shape))
        if not len(coalitions):
            return records
        started = self.stem.start(sample, self.rows)
        masker = Masker(started.standing, players, self.stem.layout(started.standing))

        def evaluate(start: int, rows: int) -> FloatArray:
            masked = masker(torch.from_numpy(_padded(coalitions[start : start + rows], rows)).to(self.device))
            recorded = started.features(masked) if self.features else recorder(self._outputs(masked, started.rest))
            values: FloatArray = recorded.cpu().numpy()
            return values

        with torch.inference_mode(), full_float32():
            for start, values in self._batches(len(coalitions), sample.id, evaluate):
                if self.vector and values.shape[1:] != shape:
                    raise self._uneven(sample, values.shape[-1])
                records[start : start + len(values)] = values
                self.progress.advance(len(values))
        if not np.isfinite(records).all():
            raise NonFiniteError(
                f"The network returned NaN or infinity on masked inputs of sample '{safe_text(sample.id)}'. "
                f"Check its weights and its input scaling, or try another --baseline."
            )
        return records

    def width(self, sample: Sample) -> int:
        """Return how many numbers a record holds of a module: d of a vector score, 1 of a feature score.

        The first sample tells, in one forward pass of one row; all others have as many.

        Raises:
            OutOfMemory: one row does not fit the device.
            UsageError: the module does not run after the entry, or returns no features.
        """
        if not self.vector:
            return 1
        if self._width is None:
            started = self.stem.start(sample, self.rows)
            with torch.inference_mode(), full_float32():
                vectors = attempt(lambda: started.features(started.standing))
            if vectors is None:
                raise self.stem.too_large(sample.id)
            self._width = int(vectors.shape[-1])
        return self._width

    def _uneven(self, sample: Sample, width: int) -> UsageError:
        return UsageError(
            f"Expected as many numbers of module '{safe_text(self.features[0])}' for every sample, got {self._width} "
            f"and {width} for sample '{safe_text(sample.id)}'. Ask for another module."
        )

    def logits(self, inputs: Sequence[npt.NDArray[np.float32] | IntArray]) -> FloatArray:
        """Evaluate unmasked inputs: each ``(C, H, W)``, ``(F,)`` or ``(3, L)`` -> ``(input, K)`` float64.

        Texts run one at a time: their lengths differ, so batches of a fixed shape would be mostly padding.

        Raises:
            NonFiniteError: an output is NaN or infinite.
            OutOfMemory: not even one row fits.
            RunFailed: the network returned another shape than one row of outputs per input.
        """

        def evaluate(start: int, rows: int) -> FloatArray:
            batch = torch.from_numpy(_padded(np.stack(inputs[start : start + rows]), rows)).to(self.device)
            outputs = self._outputs(batch.contiguous(memory_format=self.stem.layout(batch)), self.module)
            values: FloatArray = outputs.cpu().double().numpy()
            return values

        with torch.inference_mode(), full_float32():
            batches = [values for _, values in self._batches(len(inputs), UNMASKED, evaluate, whole=True)]
        logits: FloatArray = np.concatenate(batches)
        if not np.isfinite(logits).all():
            raise NonFiniteError(
                "The network returned NaN or infinity on unmasked inputs. Check its weights and its input scaling."
            )
        return logits

    def _outputs(self, batch: torch.Tensor, run: Run) -> torch.Tensor:
        return checked_outputs(run(batch), len(batch), self.model)

    def _batches(
        self, total: int, sample_id: str, evaluate: Callable[[int, int], FloatArray], *, whole: bool = False
    ) -> Iterator[tuple[int, FloatArray]]:
        """Yield where each batch starts and its values without the padding; halve the batch when memory runs out."""
        done = 0
        while done < total:
            rows = self._whole_rows() if whole else self.rows
            values = attempt(partial(evaluate, done, rows))
            if values is None:
                self._back_off(BackOff(sample_id, done, rows // 2), whole=whole)
                continue
            values = values[: total - done]
            yield done, values
            done += len(values)

    def _whole_rows(self) -> int:
        """Return the rows of a batch through the whole network; texts differ in length, so each runs alone."""
        return 1 if self.model.input.kind == "text" else min(self.rows, self.whole_rows or self.rows)

    def _back_off(self, to: BackOff, *, whole: bool) -> None:
        if not to.rows:
            raise self.stem.too_large(to.sample_id)
        if whole and self.whole_rows is not None:
            self.whole_rows = to.rows
        else:
            self.rows = to.rows
        free(self.device)
        self.back_offs.append(to)
        self.progress.warn(f"Out of memory: the batch is halved to {to.rows} rows; finished work is kept.")


def _padded(batch: npt.NDArray[np.generic], rows: int) -> npt.NDArray[np.generic]:
    """Return ``rows`` rows: the batch, then zeros."""
    padded = np.zeros((rows, *batch.shape[1:]), dtype=batch.dtype)
    padded[: len(batch)] = batch
    return padded
