"""Score functions: an evaluation record, or all logits, -> one value in a unit.

A record of a classifier holds, for one class c of one masked input, four numbers: the logit ``z`` of c, and of
the other logits their logsumexp ``L``, maximum ``M`` and mean ``A``. Every score function of the papers follows
from these, so another score needs no further forward pass.

| score | value | unit | source |
|---|---|---|---|
| logit | ``z`` | logit | papers 000 and 004 |
| log-odds | ``z - L`` = log(p / (1 - p)) | log-odds | paper 003 |
| log-prob | ``-softplus(L - z)`` = log p | nat | paper 002, section 5 |
| prob | ``1 / (1 + exp(L - z))`` = p | probability | paper 000, appendix G |
| cross-entropy | ``softplus(L - z)`` = -log p | nat | paper 000, appendix H.5 |
| margin | ``M - z``; positive when another class wins | logit | paper 002, section 5.1 |
| scalar | the output itself | output | regression networks |

A network with a single logit ``z`` is recorded as ``(z, 0, 0, 0)`` for the positive class and ``(-z, 0, 0, 0)``
for the negative one, so that z is its log-odds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, nan, sqrt

import numpy as np

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.types import FloatArray, OutputKind

LOGIT, OTHERS_LOGSUMEXP, OTHERS_MAX, OTHERS_MEAN = range(4)
"""Components of a classifier's record."""


@dataclass(frozen=True)
class Score:
    """A score function and its unit."""

    name: str
    unit: str
    summary: str
    of_record: Callable[[FloatArray], FloatArray]
    """``(..., 4)`` records (``(..., 1)`` for scalars) -> ``(...)`` values."""
    outputs: tuple[OutputKind, ...] = ("classes", "single-logit")


def _advantage(record: FloatArray) -> FloatArray:
    advantage: FloatArray = record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP]
    return advantage


def _log_probability(record: FloatArray) -> FloatArray:
    return -np.logaddexp(0.0, -_advantage(record))


def _margin(record: FloatArray) -> FloatArray:
    margin: FloatArray = record[..., OTHERS_MAX] - record[..., LOGIT]
    return margin


SCORES = {
    score.name: score
    for score in (
        Score("logit", "logit", "pre-softmax score of the class", lambda record: record[..., LOGIT]),
        Score("log-odds", "log-odds", "log(p / (1 - p)) of the class", _advantage),
        Score("log-prob", "nat", "log p of the class", _log_probability),
        Score("prob", "probability", "softmax probability of the class", lambda r: np.exp(_log_probability(r))),
        Score("cross-entropy", "nat", "-log p of the class", lambda r: -_log_probability(r)),
        Score("margin", "logit", "best other logit minus the class's logit", _margin),
        Score("scalar", "output", "the network's single output", lambda record: record[..., 0], ("scalar",)),
    )
}


def lookup(name: str, output: OutputKind) -> Score:
    """Return a score function that fits a network's output.

    Raises:
        UnknownNameError: no such score.
        UsageError: the score needs classes and the network has a scalar output, or the reverse.
    """
    if name not in SCORES:
        raise UnknownNameError("score", name, SCORES, listing="interact list scores")
    score = SCORES[name]
    if output not in score.outputs:
        fitting = ", ".join(s.name for s in SCORES.values() if output in s.outputs)
        raise UsageError(f"Score '{name}' does not fit a network with output '{output}'. Use one of: {fitting}.")
    return score


def records_of(logits: FloatArray) -> FloatArray:
    """Return the record of every class: ``(input, K)`` logits -> ``(input, K, 4)``.

    A single column is one logit of two classes: ``(input, 1)`` -> ``(input, 2, 4)``.

    Example:
        >>> records_of(np.array([[0.0, 0.0, 0.0]]))[0, 0].round(3).tolist()
        [0.0, 0.693, 0.0, 0.0]
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        records = np.zeros((len(logits), 2, 4))
        records[:, 0, LOGIT], records[:, 1, LOGIT] = -logits[:, 0], logits[:, 0]
        return records
    rows = np.arange(len(logits))
    first = logits.argmax(axis=1)
    without_first = logits.copy()
    without_first[rows, first] = -np.inf
    highest = np.broadcast_to(logits.max(axis=1, keepdims=True), logits.shape).copy()
    highest[rows, first] = without_first.max(axis=1)
    # Where the class is not the best one, the best one's term of 1 stays in the sum: nothing cancels.
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    sums = shifted.sum(axis=1, keepdims=True) - shifted
    sums[rows, first] = np.exp(without_first - highest[rows, first][:, None]).sum(axis=1)
    others_mean = (logits.sum(axis=1, keepdims=True) - logits) / (logits.shape[1] - 1)
    return np.stack([logits, highest + np.log(sums), highest, others_mean], axis=-1)


@dataclass(frozen=True)
class Ranges:
    """The range Y of a network's score over unmasked samples, by which paper 000 normalises strengths."""

    paper: float
    """``| E_x [ f_true - mean of f over the other classes ] |``, as printed (appendix E)."""
    code: float
    """``E_x | f_true - mean of f over the other classes |``, as the authors' code computes it."""
    paper_standard_error: float
    """Of ``paper`` over the draw of samples, to first order; NaN where it cannot be known."""
    code_standard_error: float
    """Of ``code`` over the draw of samples; NaN where it cannot be known."""


def ranges(score: Score, logits: FloatArray, labels: np.ndarray) -> Ranges:
    """Compute Y in both readings from the scores of all classes.

    For a single logit both readings are ``| E_positive f - E_negative f |``. Standard errors are those of means of
    independent samples, ``sd / sqrt(n)``; |mean| varies as the mean does, away from 0.

    Args:
        score: A score for classes.
        logits: ``(sample, K)`` of unmasked inputs, or ``(sample, 1)`` for a single logit.
        labels: ``(sample,)`` true classes.
    """
    by_class = score.of_record(records_of(logits))
    if logits.shape[1] == 1:
        if len(set(labels.tolist())) < 2:
            return Ranges(nan, nan, nan, nan)
        positive, negative = by_class[labels == 1, 1], by_class[labels == 0, 1]
        both = float(abs(positive.mean() - negative.mean()))
        error = hypot(_standard_error(positive), _standard_error(negative))
        return Ranges(both, both, error, error)
    true = by_class[np.arange(len(labels)), labels]
    others = (by_class.sum(axis=1) - true) / (by_class.shape[1] - 1)
    gaps = true - others
    sizes = np.abs(gaps)
    return Ranges(float(abs(gaps.mean())), float(sizes.mean()), _standard_error(gaps), _standard_error(sizes))


def _standard_error(values: FloatArray) -> float:
    """Return the standard error of a mean; NaN for fewer than 2 values."""
    return float(values.std(ddof=1)) / sqrt(len(values)) if len(values) > 1 else nan
