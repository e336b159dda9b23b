"""The range Y of a network's scores over unmasked samples, by which Zhang et al. (ICLR 2021) normalise strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.engine.evaluator import Evaluator
from interact_cli.interfaces import Dataset
from interact_cli.pipeline.defaults import WITH_CLASSES
from interact_cli.pipeline.inputs import range_inputs
from interact_cli.scores import SCORES, Score, ranges
from interact_cli.seeding import digest
from interact_cli.types import IntArray, Model


@dataclass(frozen=True)
class RangeData:
    """Unmasked inputs with labels."""

    inputs: list[npt.NDArray[np.float32] | IntArray]
    labels: IntArray
    split: str

    @classmethod
    def of(cls, model: Model, dataset: Dataset, seed: int) -> RangeData | None:
        """Draw the inputs; None where there are no labels or no classes."""
        if model.output not in WITH_CLASSES:
            return None
        inputs, labels = range_inputs(model, dataset, seed)
        return cls(inputs, labels, dataset.split) if inputs else None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of inputs and labels."""
        return digest(*(array.tobytes() for array in self.inputs), self.labels.tobytes())


def computed(data: RangeData | None, evaluator: Evaluator, asked: Sequence[Score]) -> dict[str, Any]:
    """Compute Y in both readings of the scores that are asked for and of this package's; empty without data.

    All scores follow from the same logits, so a later question with another score needs no forward pass.

    Returns:
        JSON types only.
    """
    if data is None:
        return {}
    logits = evaluator.logits(data.inputs)
    known = {**SCORES, **{score.name: score for score in asked if score.module is None}}
    fitting = [score for score in known.values() if evaluator.model.output in score.outputs]
    return {
        "split": data.split,
        "n_samples": len(data.inputs),
        "fingerprint": data.fingerprint,
        "scores": {score.name: asdict(ranges(score, logits, data.labels)) for score in fitting},
    }


def readings(held: Mapping[str, Any], score: str) -> dict[str, float]:
    """Return Y of one score in its readings, those that are finite."""
    of_score = held.get("scores", {}).get(score, {})
    return {name: float(value) for name, value in of_score.items() if value is not None and np.isfinite(value)}
