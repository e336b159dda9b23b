"""Score functions: an evaluation record, or all logits, -> one value in a unit.

A record of a classifier holds, for one class c of one masked input, four numbers: the logit ``z`` of c, and of
the other logits their logsumexp ``L``, maximum ``M`` and mean ``A``. Every score function of the papers follows
from these, so another score needs no further forward pass.

| score | value | unit | source |
|---|---|---|---|
| logit | ``z`` | logit | Zhang et al. (ICLR 2021) and Zhang et al. (AAAI 2021) |
| log-odds | ``z - L`` = log(p / (1 - p)) | log-odds | Deng et al. (2022) |
| log-prob | ``-softplus(L - z)`` = log p | nat | Zhou et al. (2024), section 5 |
| prob | ``1 / (1 + exp(L - z))`` = p | probability | Zhang et al. (ICLR 2021), appendix G |
| cross-entropy | ``softplus(L - z)`` = -log p | nat | Zhang et al. (ICLR 2021), appendix H.5 |
| margin | ``M - z``; positive when another class wins | logit | Zhou et al. (2024), section 5.1 |
| scalar | the output itself | output | regression networks |
| feature:MODULE | ``<f_N, f_S> / ||f_N||_2`` of the module's output f, flattened | feature | Zhang et al. (AAAI 2021) |
| vector:MODULE | the output f itself, mean over space or words: d numbers | feature | Zhou et al. (2024), section 4.3 |

A network with a single logit ``z`` is recorded as ``(z, 0, 0, 0)`` for the positive class and ``(-z, 0, 0, 0)``
for the negative one, so that z is its log-odds. A continuation of probability p is recorded as
``(log p, log(1 - p), 0, 0)``: with these for z and L the formulas of log-odds, log-prob, prob and cross-entropy
hold as they stand; logit and margin have no meaning there. A feature score is the length of f_S along f_N, not a
cosine; a record holds it for every module that was asked for, and each module's is a game of its own. A vector score
makes one game whose values are vectors; a record holds the d numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import hypot, nan, sqrt
from typing import Any

import numpy as np

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, OutputKind

LOGIT, OTHERS_LOGSUMEXP, OTHERS_MAX, OTHERS_MEAN = range(4)
"""Components of a classifier's record."""

CLASSES: tuple[OutputKind, ...] = ("classes", "single-logit")
PROBABILITIES: tuple[OutputKind, ...] = (*CLASSES, "continuation")
EVERY: tuple[OutputKind, ...] = (*PROBABILITIES, "scalar", "features")


@dataclass(frozen=True)
class Score:
    """A score function and its unit."""

    name: str
    unit: str
    summary: str
    source: str
    of_record: Callable[[FloatArray], FloatArray]
    """``(..., 4)`` records (``(..., 1)`` for scalars and features) -> ``(...)`` values; ``(..., d)`` of a vector score
    stay ``(..., d)``."""
    outputs: tuple[OutputKind, ...] = CLASSES
    module: str | None = None
    """The module of a feature or vector score, ``""`` for the network's own output; None elsewhere."""
    vector: bool = False
    """True where the value of a coalition is a vector."""
    version: int = 1
    """Raised whenever the same records give other values: reports of two versions are not compared."""
    of_tensor: Callable[[Any, Any], Any] | None = None
    """The same of a tensor that gradients flow through, given ``torch.nn.functional``; None where none are followed."""


def _advantage(record: Any) -> Any:
    return record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP]


def _log_probability(record: FloatArray) -> FloatArray:
    logarithm: FloatArray = -np.logaddexp(0.0, -_advantage(record))
    return logarithm


def _probability(record: FloatArray) -> FloatArray:
    return np.exp(_log_probability(record))


def _cross_entropy(record: FloatArray) -> FloatArray:
    return -_log_probability(record)


def _margin(record: Any) -> Any:
    return record[..., OTHERS_MAX] - record[..., LOGIT]


def _only(record: Any) -> Any:
    return record[..., 0]


def _same(form: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the form of a tensor that is written like that of an array."""
    return lambda record, functional: form(record)


def _whole(record: FloatArray) -> FloatArray:
    return record


SCORES: Mapping[str, Score] = {
    score.name: score
    for score in (
        Score(
            "logit",
            "logit",
            "pre-softmax score of the class",
            "Zhang et al. (ICLR 2021) and Zhang et al. (AAAI 2021)",
            _only,
            of_tensor=_same(_only),
        ),
        Score(
            "log-odds",
            "log-odds",
            "log(p / (1 - p)) of the class",
            "Deng et al. (2022)",
            _advantage,
            PROBABILITIES,
            of_tensor=_same(_advantage),
        ),
        Score(
            "log-prob",
            "nat",
            "log p of the class",
            "Zhou et al. (2024), section 5",
            _log_probability,
            PROBABILITIES,
            of_tensor=lambda record, functional: functional.logsigmoid(_advantage(record)),
        ),
        Score(
            "prob",
            "probability",
            "probability p of the class",
            "Zhang et al. (ICLR 2021), appendix G",
            _probability,
            PROBABILITIES,
            of_tensor=lambda record, functional: _advantage(record).sigmoid(),
        ),
        Score(
            "cross-entropy",
            "nat",
            "-log p of the class",
            "Zhang et al. (ICLR 2021), appendix H.5",
            _cross_entropy,
            PROBABILITIES,
            of_tensor=lambda record, functional: -functional.logsigmoid(_advantage(record)),
        ),
        Score(
            "margin",
            "logit",
            "best other logit minus the class's logit",
            "Zhou et al. (2024), section 5.1",
            _margin,
            of_tensor=_same(_margin),
        ),
        Score(
            "scalar",
            "output",
            "the network's single output",
            "regression networks",
            _only,
            ("scalar",),
            of_tensor=_same(_only),
        ),
    )
}

FEATURE = Score(
    "feature:MODULE",
    "feature",
    "<f_N, f_S> / ||f_N|| of the module's output f; several modules or patterns with commas, each a game of its own",
    "Zhang et al. (AAAI 2021), intermediate layers",
    _only,
    EVERY,
)
"""What ``feature:MODULE`` stands for, for a listing; `resolve` gives the score of each module."""

VECTOR = Score(
    "vector:MODULE",
    "feature",
    "the module's output, mean over space or over a text's words: a vector per coalition, for metrics that take one",
    "Zhou et al. (2024), section 4.3",
    _whole,
    EVERY,
    vector=True,
)
"""What ``vector:MODULE`` stands for, for a listing; `resolve` gives the score of the module."""

PREFIX, VECTOR_PREFIX = "feature:", "vector:"
OF_MODULES = (PREFIX, VECTOR_PREFIX)
"""How the name of a score of modules begins."""
OF_ANY_MODULE = (FEATURE, VECTOR)
"""The scores of modules, for a listing."""


def lookup(name: str, output: OutputKind, known: Mapping[str, Score] = SCORES) -> Score:
    """Return a score function that fits a network's output; for scores of modules see `resolve`.

    Args:
        name: As after ``--score``.
        output: What the network returns.
        known: The score functions that there are.

    Raises:
        UnknownNameError: no such score.
        UsageError: the score does not fit what the network returns.
    """
    listed = (*known.values(), FEATURE, VECTOR)
    if name not in known:
        raise UnknownNameError("score", safe_text(name), (s.name for s in listed), listing="interact list scores")
    score = known[name]
    if output not in score.outputs:
        fitting = ", ".join(s.name for s in listed if output in s.outputs)
        raise UsageError(f"Score '{name}' does not fit a network with output '{output}'. Use one of: {fitting}.")
    return score


def resolve(
    name: str, output: OutputKind, modules: Sequence[str], known: Mapping[str, Score] = SCORES
) -> tuple[Score, ...]:
    """Return the score functions that a name stands for: one, or one per module of a feature score.

    ``feature:A,B`` names modules, ``''`` the network's own output; a shell pattern takes every module that it
    matches, in the network's order. A pattern matches part by part between the dots: ``encoder.layer.*`` are the
    layers, not what they are made of. A module named twice counts once. ``vector:A`` takes one module.

    Args:
        name: As after ``--score``.
        output: What the network returns.
        modules: Its modules, in its own order (`interact_cli.entries.wrapped.named_modules`).
        known: The score functions of outputs that there are.

    Raises:
        UnknownNameError: no such score, no such module, or a pattern that matches none.
        UsageError: the score does not fit what the network returns, or a vector score of several modules.

    Example:
        >>> names = ["", "layer", "layer.0", "layer.0.norm", "layer.1"]
        >>> [score.module for score in resolve("feature:layer.*", "features", names)]
        ['layer.0', 'layer.1']
    """
    if name.startswith(OF_MODULES):
        prefix, _, named = name.partition(":")
        chosen = dict.fromkeys(module for part in named.split(",") for module in _matching(part.strip(), modules))
        if prefix == "vector":
            return (_vector(name, tuple(chosen)),)
        return tuple(replace(FEATURE, name=PREFIX + module, module=module) for module in chosen)
    if output == "features" and (name in known or name == PREFIX.rstrip(":")):
        raise UsageError(
            f"Score '{name}' does not fit a network that returns features. Use feature:MODULE, for example "
            f"{safe_text(default_score(output, modules))}."
        )
    return (lookup(name, output, known),)


def _vector(name: str, modules: Sequence[str]) -> Score:
    if len(modules) > 1:
        raise UsageError(
            f"Expected one module for a vector score, got {len(modules)} for '{safe_text(name)}'. Name one, for "
            f"example vector:{safe_text(modules[-1])}."
        )
    return replace(VECTOR, name=VECTOR_PREFIX + modules[0], module=modules[0])


def default_score(output: OutputKind, modules: Sequence[str]) -> str:
    """Return the score that fits a network's output best; for features that of its last layer.

    A layer is a module named by a number that lies in no other such module: ``encoder.layer.5``; without one the
    network's own output is taken.

    Example:
        >>> default_score("features", ["", "layer", "layer.0", "layer.1", "layer.1.mlp.0", "pooler"])
        'feature:layer.1'
    """
    if output == "features":
        return PREFIX + next((module for module in reversed(modules) if _is_layer(module)), "")
    return {"scalar": "scalar", "continuation": "log-prob"}.get(output, "log-odds")


def _is_layer(module: str) -> bool:
    *above, last = module.split(".")
    return last.isdigit() and not any(part.isdigit() for part in above)


def _matching(pattern: str, modules: Sequence[str]) -> list[str]:
    """Return the modules that a name or a pattern stands for."""
    if pattern in modules:
        return [pattern]
    parts = pattern.split(".")
    matches = [name for name in modules if name and _parts_match(name.split("."), parts)]
    if not matches:
        raise UnknownNameError("module", safe_text(pattern), modules, listing="interact list modules")
    return matches


def _parts_match(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


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
    """The range Y of a network's score over unmasked samples, by which Zhang et al. (ICLR 2021) normalise strengths."""

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
