"""One raw sample at a time into the network's input space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.adapters.preprocessing import preprocess
from interact_cli.datasets.drawing import raw_digest
from interact_cli.errors import DataRefused, InputRefused
from interact_cli.interfaces import Dataset
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray, Model, Prepared, Preprocess, Sample, Text, Tokens


class Preparer:
    """Raw samples of a data set into the network's input space.

    Args:
        model: The network.
        dataset: Where the samples are.
        continuation: What a causal language model goes on with, where a text does not say.
    """

    def __init__(self, model: Model, dataset: Dataset, continuation: str | None = None) -> None:
        self.model = model
        self.dataset = dataset
        self.continuation = continuation
        self.columns = _column_positions(model, dataset)

    @cached_property
    def prepare(self) -> Preprocess:
        """What turns an image or a row into the network's input; not asked for where inputs are prepared."""
        return preprocess(self.model.input)

    def raw(self, index: int) -> Any:
        """Read one sample; rows are brought into the order of the model's columns."""
        raw = self.dataset.raw(index)
        if isinstance(raw, Text) and raw.continuation is None:
            return replace(raw, continuation=self.continuation)
        if self.columns is None:
            return raw
        if isinstance(raw, Prepared):
            return Prepared(raw.input[self.columns])
        return np.asarray(raw)[self.columns]

    def sample(self, index: int, *, with_picture: bool) -> tuple[Sample, str]:
        """Return one sample and the digest of its raw bytes.

        Raises:
            DataRefused: it cannot be read.
            SampleSkipped: the network does not take it.
        """
        raw = self.raw(index)
        label = None if self.dataset.labels is None else int(self.dataset.labels[index])
        name = self.dataset.sample_id(index)
        if isinstance(raw, Text):
            tokens = self._tokenised(raw)
            return Sample(name, tokens.input, label, tokens=tokens, text=_shown(raw)), raw_digest(raw)
        prepared = self._prepared(raw)
        picture = _picture(prepared, self.model) if with_picture and self.model.input.kind == "image" else None
        return Sample(name, prepared, label, picture), raw_digest(raw)

    def readable(self, indices: Sequence[int]) -> Iterator[tuple[int, npt.NDArray[np.float32] | IntArray]]:
        """Yield position and network input of those samples that can be read, one at a time."""
        for index in indices:
            try:
                raw = self.raw(index)
                prepared = self._tokenised(raw).input if isinstance(raw, Text) else self._prepared(raw)
            except InputRefused:
                continue
            yield index, prepared

    def _prepared(self, raw: Any) -> npt.NDArray[np.float32]:
        if isinstance(raw, Prepared):
            if raw.input.shape != self.model.input.shape:
                raise DataRefused(f"Expected inputs of shape {self.model.input.shape}, got {raw.input.shape}.")
            return raw.input
        if self.model.tokenizer is not None:
            raise DataRefused(f"Expected a text for '{safe_text(self.model.arch)}', got {type(raw).__name__}.")
        return self.prepare(raw)

    def _tokenised(self, raw: Text) -> Tokens:
        if self.model.tokenizer is None:
            raise DataRefused(f"Expected no text for '{safe_text(self.model.arch)}', got one.")
        return self.model.tokenizer(raw)


def _shown(text: Text) -> str:
    """Return the whole text of a sample for the report."""
    return " | ".join(part for part in (text.text, text.second, text.continuation) if part is not None)


def _column_positions(model: Model, dataset: Dataset) -> IntArray | None:
    """Where each of the model's columns stands in a raw row; None for images."""
    if model.input.kind != "columns":
        return None
    missing = [name for name in model.input.columns.names if name not in dataset.column_names]
    if missing:
        raise DataRefused(
            f"Expected column '{safe_text(missing[0])}' in data set '{dataset.name}' ({len(missing)} of the model's "
            f"columns are missing); it has {safe_text(', '.join(dataset.column_names))}."
        )
    return np.array([dataset.column_names.index(name) for name in model.input.columns.names], dtype=np.int64)


def _picture(prepared: npt.NDArray[np.float32], model: Model) -> npt.NDArray[np.uint8]:
    """Show what the network sees: ``(C, H, W)`` input -> ``(H, W, 3)`` bytes."""
    image = prepared.transpose(1, 2, 0).astype(np.float64)
    if model.input.mean and model.input.std:
        image = image * np.array(model.input.std) + np.array(model.input.mean)
    else:
        image = (image - image.min()) / max(float(np.ptp(image)), 1e-12)
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    return pixels[:, :, :3] if pixels.shape[2] >= 3 else np.repeat(pixels[:, :, :1], 3, axis=2)
