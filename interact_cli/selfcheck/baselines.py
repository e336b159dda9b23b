"""The three baselines of Zhang et al. (AAAI 2021), table 1: which gaps of A each of them joins."""

from __future__ import annotations

import numpy as np

from interact_cli.games.expressions import Expression
from interact_cli.interactions.multivariate.worths import shapley_weights
from interact_cli.types import BoolArray, FloatArray


def join_at_random(model: Expression, rng: np.random.Generator) -> BoolArray:
    """Baseline 1 of Zhang et al. (AAAI 2021): join each gap of A with probability one half, ``(gap,)``."""
    return rng.random(len(model.gaps)) < 0.5


def join_by_pair_interaction(model: Expression, table: FloatArray) -> BoolArray:
    """Baseline 2: join where the pairwise Shapley interaction over all players is positive, ``(gap,)``.

    Source: Zhang et al. (AAAI 2021), table 1; Lundberg, Erion & Lee (2018).
    """
    weights = shapley_weights(model.n_players - 2)
    return np.array([weights @ _differences(table, gap) > 0 for gap in model.members[:-1]])


def join_by_erasure(model: Expression, table: FloatArray) -> BoolArray:
    """Baseline 3: join where erasing one matters more while the other is there, all else present, ``(gap,)``.

    ``v(N) - v(N - i) - v(N - j) + v(N - i - j) > 0``. The authors' code is not public; this is our reading of paper
    Zhang et al. (AAAI 2021), which names Li, Monroe & Jurafsky (2016).
    """
    return np.array([_differences(table, gap)[-1] > 0 for gap in model.members[:-1]])


def _differences(table: FloatArray, first: int) -> FloatArray:
    """Second differences of players ``first`` and ``first + 1`` in all contexts, by bit code of the others."""
    folded = table.reshape(-1, 2, 2, 2**first)
    values: FloatArray = folded[:, 1, 1] - folded[:, 1, 0] - folded[:, 0, 1] + folded[:, 0, 0]
    return values.ravel()
