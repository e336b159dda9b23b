"""A baseline learned for one sample: the one that leaves its score the weakest interactions.

The first simplification of the authors' code: gradient descent on ``L(b) = sum_S |I(S)|`` over the baseline ``b``, I
the Harsanyi dividends of v(S | b), all 2^n coalitions, the empty one included. With ``v = v(. | b)`` and the Moebius
transform M, ``dL/db = sign(I)^T M dv/db``: the signs through the transposed transform are the weights with which the
values of the coalitions are followed back through the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from interact_cli.engine.devices import full_float32
from interact_cli.engine.evaluator import Evaluator
from interact_cli.engine.masking import Masker
from interact_cli.engine.memory import attempt, free
from interact_cli.engine.recording import Recorder, checked_outputs
from interact_cli.errors import NonFiniteError, UsageError
from interact_cli.games.coalitions import all_coalitions
from interact_cli.interactions.exact.transforms import moebius, superset_differences
from interact_cli.safe_text import safe_text
from interact_cli.scores import SCORES, Score
from interact_cli.types import FloatArray, PlayerSet, Sample

ITERATIONS = 50
FIRST_RATE = 1e-3
DECADES = 1
"""The rate falls by so many powers of ten, evenly in its logarithm, from the first step to the last."""
PASSES = 4 * ITERATIONS + 1
"""Forward passes that cost as much as all steps: each takes one for the values, and about three for the gradient."""
MOST_PLAYERS = 12
"""Every step runs all 2^n coalitions forward twice and back once."""
GRADIENT_SHARE = 16
"""A batch through which gradients flow keeps the activations of every layer, so it has this much fewer rows."""


@dataclass(frozen=True)
class LearnedBaseline:
    """What was learned for one sample."""

    values: npt.NDArray[np.float32]
    """Shaped as the baseline from which it started."""
    before: float
    """``sum_S |I(S)|`` at the start."""
    after: float
    """The same at ``values``; equal to ``before`` where no step lowered it and the start was kept."""


def learn_baseline(
    evaluator: Evaluator,
    sample: Sample,
    players: PlayerSet,
    label: int | None,
    score: Score,
    bounds: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
) -> LearnedBaseline:
    """Learn the baseline of one sample.

    Plain gradient descent, `ITERATIONS` steps, every step clamped to the bounds. The values of each step are those
    that the engine would record; the baseline with the lowest loss on the way is kept, which is the start where none
    is lower.

    Source: Zhou et al. (2024), section 4.1; rates and steps of the authors' code.

    Args:
        evaluator: The network, entered where the players are.
        sample: The input.
        players: Its players, with the baseline to start from.
        label: The class whose score is the value; None for outputs without classes.
        score: The score function of the outputs.
        bounds: Lowest and highest baseline, broadcastable to it.

    Raises:
        NonFiniteError: an output or a gradient is NaN or infinite.
        OutOfMemory: not even one row fits the device.
        UsageError: too many players, a score that no gradient follows, or a network that lets none through.
    """
    check_players(players.n_players)
    low, high = (np.broadcast_to(bound, players.baseline.shape).astype(np.float64) for bound in bounds)
    classes = () if label is None else (label,)
    coalitions = all_coalitions(players.n_players)
    slope = Slope(evaluator, sample, players, classes, score)
    best, losses = players.baseline, list[float]()
    baseline = players.baseline.astype(np.float64)
    # The last round, of rate 0, looks at what the last step has made.
    for rate in [*np.logspace(0, -DECADES, ITERATIONS) * FIRST_RATE, 0.0]:
        shown = baseline.astype(np.float32)
        records = evaluator.records(sample, replace(players, baseline=shown), coalitions, classes)
        dividends = moebius(score.of_record(records[:, 0]))
        losses.append(float(np.abs(dividends).sum()))
        if losses[-1] < min(losses[:-1], default=np.inf):
            best = shown
        if rate:
            baseline = np.clip(baseline - rate * slope(baseline, loss_weights(dividends)), low, high)
    return LearnedBaseline(best, losses[0], min(losses))


def tensor_form(score: Score) -> Callable[[Any, Any], Any]:
    """Return the form of a score that gradients can be followed through.

    Raises:
        UsageError: it has none.
    """
    if score.of_tensor is None:
        followed = ", ".join(name for name, known in SCORES.items() if known.of_tensor)
        raise UsageError(
            f"--baseline learned follows a score of the outputs back to the baseline ({followed}), got "
            f"'{safe_text(score.name)}'. Choose another --score or another --baseline."
        )
    return score.of_tensor


def check_players(n_players: int) -> None:
    """Refuse a game of too many players to learn its baseline.

    Raises:
        UsageError: more than `MOST_PLAYERS`.
    """
    if n_players > MOST_PLAYERS:
        raise UsageError(
            f"--baseline learned runs all 2^n coalitions in each of its {ITERATIONS} steps: expected at most "
            f"{MOST_PLAYERS} players, got {n_players}. Use fewer (on images --players grid:3x4) or another --baseline."
        )


def loss_weights(dividends: FloatArray) -> FloatArray:
    """Return ``d(sum_S |I(S)|) / dv(L)``: the signs of the dividends through the transposed Moebius transform.

    ``sum_{S containing L} (-1)^(|S| - |L|) sign I(S)``

    Args:
        dividends: ``(2^n,)`` by bit code.

    Example:
        >>> loss_weights(np.array([1.0, 2.0, 3.0, -4.0])).tolist()
        [-2.0, 2.0, 2.0, -1.0]
    """
    return superset_differences(np.sign(dividends))


class Slope:
    """The gradient of a weighted sum of the values of all coalitions, over the baseline.

    Args:
        evaluator: The network; its weights get no gradients.
        sample: The input.
        players: Its players; their baseline gives the shape.
        classes: The class whose score is the value; empty for outputs without classes.
        score: The score function of the outputs.
    """

    def __init__(
        self, evaluator: Evaluator, sample: Sample, players: PlayerSet, classes: tuple[int, ...], score: Score
    ) -> None:
        self.evaluator, self.sample = evaluator, sample
        self.of_tensor = tensor_form(score)
        self.recorder = Recorder(evaluator.model, classes, evaluator.device)
        standing, self.rest = evaluator.stem.arrive(sample, evaluator.rows, torch.no_grad())
        self.masker = Masker(standing, players, evaluator.stem.layout(standing))
        self.coalitions = torch.from_numpy(all_coalitions(players.n_players))
        self.rows = max(1, evaluator.rows // GRADIENT_SHARE)

    def __call__(self, baseline: FloatArray, weights: FloatArray) -> FloatArray:
        """Return ``d(sum_S weights[S] v(S | b)) / db`` at b = ``baseline``, in its shape; ``weights`` by bit code.

        Raises:
            NonFiniteError: it is NaN or infinite.
            OutOfMemory: not even one row fits the device.
            UsageError: the network lets no gradient through.
        """
        with _frozen(self.evaluator.module), full_float32(), _repeatable():
            while (gradient := attempt(partial(self._accumulated, baseline, weights))) is None:
                if self.rows == 1:
                    raise self.evaluator.stem.too_large(self.sample.id)
                self.rows //= 2
                free(self.evaluator.device)
        if not np.isfinite(gradient).all():
            raise NonFiniteError(
                f"The gradient of the score over the baseline is NaN or infinite for sample "
                f"'{safe_text(self.sample.id)}'. Use another --baseline."
            )
        return gradient

    def _accumulated(self, baseline: FloatArray, weights: FloatArray) -> FloatArray:
        """Add the gradients up in float64 batch by batch, so that one batch's graph lives at a time."""
        device = self.evaluator.device
        exact = torch.float32 if device.type == "mps" else torch.float64  # MPS has no float64
        shown = torch.from_numpy(baseline).to(device, exact).requires_grad_()
        total = torch.zeros_like(shown, requires_grad=False)
        for start in range(0, len(weights), self.rows):
            part = slice(start, start + self.rows)
            with torch.enable_grad():
                values = self._values(self.coalitions[part].to(device), shown)
                if not values.requires_grad:
                    raise UsageError(
                        "Expected a network that lets gradients through for --baseline learned; this one runs without "
                        "them. Use another --baseline."
                    )
                weighted = (values * torch.from_numpy(weights[part].copy()).to(values.device)).sum()
                (gradient,) = torch.autograd.grad(weighted, shown)
            total += gradient
        summed: FloatArray = total.cpu().double().numpy()
        return summed

    def _values(self, packed: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        masked = self.masker.showing(packed, shown)
        outputs = checked_outputs(self.rest(masked), len(masked), self.evaluator.model)
        values: torch.Tensor = self.of_tensor(self.recorder(outputs)[:, 0], F)
        return values


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Keep gradients, and what they need, away from the weights."""
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad = True


@contextmanager
def _repeatable() -> Iterator[None]:
    """Let cuDNN take only convolutions that give the same bits every time."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
