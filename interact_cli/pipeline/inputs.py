"""The inputs of a run: which data, which samples of it, in the network's input space."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from interact_cli import extensions
from interact_cli.config.settings import DataSettings
from interact_cli.datasets.drawing import draw, fingerprint, positions, read_ids
from interact_cli.datasets.locations import default_roots
from interact_cli.errors import DataRefused, InputRefused, RunFailed, SampleSkipped, UsageError
from interact_cli.interfaces import DataRequest, Dataset
from interact_cli.pipeline.class_order import in_network_order
from interact_cli.pipeline.defaults import SAMPLES
from interact_cli.pipeline.preparer import Preparer
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray, Model, Sample, Skipped

RANGE_SAMPLES = 1000
"""Unmasked samples from which the range Y is computed."""


def open_dataset(name: str, data: DataSettings, *, split: str | None = None) -> Dataset:
    """Open ``NAME`` or ``NAME:PATH``.

    Raises:
        UnknownNameError: no such data set.
        DataRefused: not found, in another layout, or not readable.
    """
    reader_name, _, path = name.partition(":")
    request = DataRequest(
        name=reader_name,
        path=Path(path) if path else None,
        roots=default_roots(data.root, os.environ),
        split=split or data.split,
        label_column=data.label_column,
        text_column=data.text_column,
        texts=data.texts,
        allow_download=data.allow_download,
    )
    reader = extensions.datasets().get(reader_name)
    try:
        return reader(request)
    except OSError as error:
        reason = safe_text(error.strerror or error)
        raise DataRefused(f"Cannot read the data '{safe_text(name)}': {reason}. Check the path.") from error


def fitting_data(model: Model) -> str:
    """Name the bundled inputs that fit a model for which no data was named.

    Raises:
        UsageError: a model of columns or texts; nothing that is bundled is its own.
    """
    if model.input.kind == "text":
        raise UsageError(
            "Expected texts for a network that reads text: give them with --text 'SOME WORDS' (again for more), "
            "--dataset text:FILE, or a data set of texts ('interact list datasets')."
        )
    if model.input.kind == "columns":
        raise UsageError(
            "Expected data for a column model: name it with --dataset csv:FILE --label-column NAME "
            "(or a bundled table, see 'interact list datasets')."
        )
    return "digits" if model.input.shape[0] == 1 and model.n_classes == 10 else "photographs"


@dataclass(frozen=True)
class Inputs:
    """The drawn samples."""

    dataset: Dataset
    samples: tuple[Sample, ...]
    digests: tuple[str, ...]
    """SHA-256 of each sample's raw bytes."""
    skipped: tuple[Skipped, ...]
    """What cannot be read, or does not fit the question."""
    notes: tuple[str, ...]

    def checked(self) -> Inputs:
        """Return these inputs if any sample is left.

        Raises:
            RunFailed: none is.
        """
        if self.samples:
            return self
        raise RunFailed(f"None of {len(self.skipped)} samples can be measured. First: {self.skipped[0].reason}")

    def without(self, reasons: Mapping[int, str]) -> Inputs:
        """Leave out some samples, position -> reason.

        Raises:
            RunFailed: none is left.
        """
        kept = [index for index in range(len(self.samples)) if index not in reasons]
        skipped = tuple(Skipped(self.samples[index].id, reason) for index, reason in reasons.items())
        samples = tuple(self.samples[index] for index in kept)
        digests = tuple(self.digests[index] for index in kept)
        return replace(self, samples=samples, digests=digests, skipped=self.skipped + skipped).checked()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of ids, contents and labels of the samples."""
        contents = zip(self.samples, self.digests, strict=True)
        return fingerprint([(sample.id, content, sample.label) for sample, content in contents])

    @property
    def labels(self) -> IntArray:
        """``(sample,)``; -1 for unlabelled."""
        return np.array([-1 if sample.label is None else sample.label for sample in self.samples], dtype=np.int64)


def named(dataset: Dataset, model: Model) -> Dataset:
    """Name the columns of a table that has no names, as arrays in memory: as the network does, else by numbers."""
    if dataset.kind != "columns" or dataset.column_names:
        return dataset
    n_columns = math.prod(model.input.shape)
    own = copy.copy(dataset)
    own.column_names = model.input.columns.names or tuple(f"column {i}" for i in range(n_columns))
    return own


def matched(model: Model, dataset: Dataset) -> Model:
    """Name and group a column model's columns by the data where the checkpoint does not.

    Raises:
        DataRefused: another kind of input, or another number of columns.
    """
    if dataset.kind != model.input.kind:
        nouns = {"image": "images", "columns": "table rows", "text": "texts"}
        raise DataRefused(
            f"Expected {nouns[model.input.kind]} for '{safe_text(model.arch)}', but data set '{dataset.name}' holds "
            f"{nouns[dataset.kind]}. Choose another --dataset."
        )
    if model.input.kind != "columns":
        return model
    (n_columns,) = model.input.shape
    if not model.input.columns.names and n_columns != len(dataset.column_names):
        raise DataRefused(
            f"Expected {n_columns} columns for '{safe_text(model.arch)}', data set '{dataset.name}' has "
            f"{len(dataset.column_names)}. Choose the columns the network was trained on."
        )
    names = model.input.columns.names or dataset.column_names
    whole = {group: members for group, members in dataset.groups.items() if set(members) <= set(names)}
    columns = replace(model.input.columns, names=names, groups=model.input.columns.groups or whole)
    return replace(model, input=replace(model.input, columns=columns))


def draw_inputs(
    data: DataSettings, model: Model, dataset: Dataset, *, n_pictures: int, ids: Sequence[str] | None = None
) -> Inputs:
    """Draw samples and prepare them.

    Args:
        data: Resolved: how many samples, and by which seed.
        model: The network.
        dataset: Where to draw from.
        n_pictures: Samples whose picture is kept.
        ids: Samples to take instead of a draw.

    Raises:
        DataRefused: a label outside the network's classes, or no such sample.
        RunFailed: more unreadable samples than tolerated, or none left.
    """
    if len(dataset) == 0:
        raise DataRefused(f"Expected samples in data set '{dataset.name}' ({dataset.split}), got none.")
    indices = _chosen(data, dataset) if ids is None else positions(ids, dataset)
    # After the draw, which is keyed by the labels and must not depend on the network.
    dataset = in_network_order(model, dataset)
    _check_labels(model, dataset)
    if data.limit is not None:
        indices = indices[: data.limit]
    preparer = Preparer(model, dataset, data.continuation)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    failures: list[Skipped] = []
    digests: list[str] = []
    for index in indices:
        try:
            sample, content = preparer.sample(index, with_picture=len(samples) < n_pictures)
        except SampleSkipped as error:
            skipped.append(Skipped(dataset.sample_id(index), str(error)))
            continue
        except InputRefused as error:
            failures.append(Skipped(dataset.sample_id(index), str(error)))
            continue
        samples.append(sample)
        digests.append(content)
    if len(failures) > data.max_failures:
        raise RunFailed(
            f"{len(failures)} of {len(indices)} samples cannot be read (tolerated: --max-failures "
            f"{data.max_failures}). First: {failures[0].reason}"
        )
    left = Inputs(dataset, tuple(samples), tuple(digests), (*failures, *skipped), _notes(model, dataset))
    return left.checked()


def _chosen(data: DataSettings, dataset: Dataset) -> Sequence[int]:
    """Return the positions to measure: those of a file, texts of the command line as they stand there, or a draw."""
    if data.samples:
        return read_ids(data.samples, dataset)
    if data.texts:
        return range(min(data.n_samples or len(dataset), len(dataset)))
    return draw(dataset, data.n_samples or SAMPLES, data.seed or 0)


def range_inputs(
    model: Model, dataset: Dataset, seed: int
) -> tuple[list[npt.NDArray[np.float32] | IntArray], IntArray]:
    """Return unmasked inputs and labels from which the range Y is computed: at most 1,000, stratified.

    Samples that cannot be read are left out.
    """
    if dataset.labels is None:
        return [], np.zeros(0, dtype=np.int64)
    indices = draw(dataset, min(RANGE_SAMPLES, len(dataset)), seed)
    kept = list(Preparer(model, dataset).readable(indices))
    labels = in_network_order(model, dataset).labels
    return [prepared for _, prepared in kept], np.asarray(labels)[[index for index, _ in kept]]


def share_correct(predicted: IntArray, labels: IntArray) -> float:
    """Return the share of correct predictions; NaN if unlabelled."""
    if not len(labels) or (labels < 0).any() or (predicted < 0).any():
        return float("nan")
    return float((predicted == labels).mean())


def chance_of(labels: IntArray | None) -> float:
    """Return the share of the most frequent class in a data set.

    NaN if unlabelled; one class alone does not say what chance is.

    Example:
        >>> chance_of(np.array([0, 1, 1, 2]))
        0.5
    """
    if labels is None or not len(labels) or (labels < 0).any():
        return float("nan")
    counts = np.bincount(labels)
    return float(counts.max() / len(labels)) if np.count_nonzero(counts) > 1 else float("nan")


def _check_labels(model: Model, dataset: Dataset) -> None:
    if dataset.labels is None or model.n_classes == 0 or not len(dataset.labels):
        return
    low, high = int(dataset.labels.min()), int(dataset.labels.max())
    if low < 0 or high >= model.n_classes:
        raise DataRefused(
            f"Expected labels in 0..{model.n_classes - 1} for the network's {model.n_classes} classes, data set "
            f"'{dataset.name}' has labels {low}..{high}. Choose the data set that the network was trained on."
        )


def _notes(model: Model, dataset: Dataset) -> tuple[str, ...]:
    notes = list(dataset.notes)
    if dataset.class_names and model.n_classes and len(dataset.class_names) != model.n_classes:
        notes.append(f"the network has {model.n_classes} classes, the data set {len(dataset.class_names)}")
    return tuple(notes)
