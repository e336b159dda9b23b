"""The part of a network before the entry: opened once, run once per sample, however many coalitions follow."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from interact_cli.engine.devices import full_float32
from interact_cli.engine.features import FeatureRecorder, ModuleRecorder, Run, Taps, VectorRecorder, not_after
from interact_cli.engine.memory import attempt, free
from interact_cli.entries.observing import modules_named, observe, twice
from interact_cli.entries.passages import Opened, open_passage
from interact_cli.entries.shapes import standing_inside
from interact_cli.errors import NonFiniteError, OutOfMemory, UsageError
from interact_cli.interfaces import Passage
from interact_cli.safe_text import safe_text
from interact_cli.types import EMBEDDING, INPUT, Entry, Sample

PROBE_ROWS = 8
"""Rows on which a passage is checked against the whole network; fewer where batches are smaller."""


@dataclass(frozen=True)
class Started:
    """One sample that has come as far as the entry."""

    sample: Sample
    standing: torch.Tensor
    """What stands at the entry: ``(1, *entry shape)``."""
    rest: Run
    """The rest of the network, for this sample."""
    features: ModuleRecorder


@dataclass(eq=False)
class Stem:
    """Takes samples to one entry of a network.

    Args:
        module: The network, on its device.
        device: Where it is.
        memory_format: Layout of image batches.
        entry: Where the mask enters.
        features: Modules whose feature scores are recorded.
        vector: Record the output of the only module of ``features`` instead.

    Raises:
        UnknownNameError: the network has no module of a name in ``features``.
    """

    module: nn.Module
    device: torch.device
    memory_format: torch.memory_format
    entry: Entry
    features: Sequence[str]
    vector: bool
    way: str = field(default="", init=False)
    """How the rest of the network runs, in words for the report; empty until `open`."""
    difference: float = field(default=0.0, init=False)
    """How far it was from the whole network when `open` checked it, as a share of max|v|."""
    _passage: Passage | None = field(default=None, init=False)
    _started: Started | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Find the modules of the features."""
        self.tapped = modules_named(self.module, self.features)
        self.taps = tuple(name for name in self.features if name)  # the network's output is seen without a tap
        self._channel_axes: dict[str, int | None] = {}

    def open(self, sample: Sample, rows: int) -> Passage:
        """Find the way from the entry to the output and check it on one sample.

        Raises:
            UsageError: the network has no such entry, or a module whose feature is asked for runs before it.
            OutOfMemory: the check does not fit the device.
        """
        inputs, probe_rows = self._inputs(sample), min(rows, PROBE_ROWS)
        while (opened := attempt(partial(self._opened, inputs, probe_rows))) is None:
            if probe_rows == 1:
                raise self.too_large(sample.id)
            probe_rows //= 2
            free(self.device)
        self.way, self.difference = opened.way, opened.difference
        self._passage, self._started = opened.passage, None
        return opened.passage

    def start(self, sample: Sample, rows: int) -> Started:
        """Run one sample up to the entry; asked for again in a row, it is there already.

        Raises:
            OutOfMemory: one row does not fit the device.
        """
        if self._started is not None and self._started.sample is sample:
            return self._started
        self._started = None
        standing, rest = self.arrive(sample, rows, torch.inference_mode())
        self._started = Started(sample, standing, rest, self._recorder(sample, standing, rest))
        return self._started

    def arrive(self, sample: Sample, rows: int, mode: AbstractContextManager[None]) -> tuple[torch.Tensor, Run]:
        """Run one sample up to the entry: `start`, not kept.

        Args:
            sample: The input.
            rows: Of a batch, for the check where nothing is open yet.
            mode: ``torch.no_grad()`` where gradients are to flow through the rest, else ``torch.inference_mode()``.

        Raises:
            OutOfMemory: one row does not fit the device.
        """
        passage = self._passage or self.open(sample, rows)
        inputs = self._inputs(sample)
        with mode, full_float32():
            arrived = attempt(lambda: passage.start(inputs))
        if arrived is None:
            raise self.too_large(sample.id)
        standing, carried = arrived
        return standing, lambda masked: passage.finish(masked, carried)

    def mean(self, samples: Sequence[Sample], rows: int) -> npt.NDArray[np.float32]:
        """Average what stands at the entry over unmasked samples; the network runs no further than that.

        Returns:
            ``(*entry shape)`` where all samples share that shape; else the mean over all positions of all samples,
            ``(1, d)`` for entries of shape ``(L, d)``.

        Raises:
            NonFiniteError: the mean is NaN or infinite.
            OutOfMemory: one row does not fit the device.
            UsageError: samples differ in the length of their last axis, so that positions have no common mean.
        """
        total, by_position, n_positions = np.zeros(()), np.zeros(()), 0
        shapes = set()
        for sample in samples:
            standing = self.start(sample, rows).standing[0].cpu().double().numpy()
            shapes.add(standing.shape)
            if len({shape[-1:] for shape in shapes}) > 1:
                raise UsageError(
                    f"Expected as many channels in every sample for --baseline mean, got shapes "
                    f"{' and '.join(map(str, sorted(shapes)))} at the {self.entry}. Use --baseline zero."
                )
            positions = standing.reshape(-1, standing.shape[-1])
            total = total + standing if len(shapes) == 1 else total
            by_position, n_positions = by_position + positions.sum(axis=0), n_positions + len(positions)
        mean = total / len(samples)
        if len(shapes) > 1:
            mean = (by_position / n_positions).reshape(*(1,) * (standing.ndim - 1), -1)
        if not np.isfinite(mean).all():
            raise NonFiniteError(
                f"What stands at the entry ({self.entry}) holds NaN or infinity on unmasked inputs. "
                f"Check the network's weights and its input scaling."
            )
        return mean.astype(np.float32)

    def layout(self, batch: torch.Tensor) -> torch.memory_format:
        """Return the layout of a batch: that of images where it has the axes of one."""
        return self.memory_format if batch.ndim == 4 else torch.contiguous_format

    def too_large(self, sample_id: str) -> OutOfMemory:
        """Return the error that says that a sample does not fit."""
        return OutOfMemory(
            f"Not even one input of sample '{safe_text(sample_id)}' fits the memory of {self.device}. "
            f"Use another --device."
        )

    def _recorder(self, sample: Sample, standing: torch.Tensor, rest: Run) -> ModuleRecorder:
        host = torch.device("cpu") if standing.device.type == "mps" else standing.device
        taps = Taps(self.tapped, rest, host)
        if not self.vector:
            return FeatureRecorder(taps, standing)
        return VectorRecorder(taps, self._channels(sample), sample.tokens)

    def _channels(self, sample: Sample) -> int | None:
        """Return which axis of the module's output holds the channels; None where it gives several tensors."""
        (name,) = self.tapped
        if name not in self._channel_axes:
            at = Entry("output", name)
            try:
                self._channel_axes[name] = standing_inside(self.module, at, self._inputs(sample)).channels
            except UsageError:
                self._channel_axes[name] = None
        return self._channel_axes[name]

    def _opened(self, inputs: torch.Tensor, probe_rows: int) -> Opened:
        with torch.inference_mode(), full_float32():
            self._check_order(inputs)
            return open_passage(self.module, self.entry, inputs, probe_rows=probe_rows, taps=self.taps)

    def _check_order(self, inputs: torch.Tensor) -> None:
        """Refuse features of modules that are through when the mask enters."""
        if not self.taps or self.entry in {INPUT, EMBEDDING}:
            return
        observation = observe(self.module, twice(inputs))
        entered = observation.met(self.entry).start
        for name in self.taps:
            if all(call.end <= entered for call in observation.of(name)):
                raise not_after(name)

    def _inputs(self, sample: Sample) -> torch.Tensor:
        # A copy: arrays of samples may be read-only, which torch warns of.
        batch = torch.from_numpy(np.array(sample.input)[None]).to(self.device)
        return batch.contiguous(memory_format=self.layout(batch))
