"""The baselines of Zhang et al. (AAAI 2021) by their definitions, over sets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from support.references import delta, set_game, shapley_interaction

from interact_cli.games.expressions import DATA_SETS, Expression
from interact_cli.seeding import generator
from interact_cli.selfcheck.baselines import join_at_random, join_by_erasure, join_by_pair_interaction

MODELS = [DATA_SETS[name].draw(0, number) for name in DATA_SETS for number in range(8)]


@pytest.mark.parametrize("model", [model for model in MODELS if model.n_players == 8], ids=str)
def test_baselines_by_their_definitions(model: Expression):
    n = model.n_players
    v = set_game(model.table(), n)
    pairs = shapley_interaction(v, n)
    everybody = frozenset(range(n))
    gaps = list(model.members[:-1])
    assert join_by_pair_interaction(model, model.table()).tolist() == [pairs[i, i + 1] > 0 for i in gaps]
    erased = [delta(v, i, i + 1, everybody - {i, i + 1}) > 0 for i in gaps]
    assert join_by_erasure(model, model.table()).tolist() == erased


def test_random_joins_are_fair():
    model = Expression(("+",) * 11, tuple(range(12)))
    joins = np.array([join_at_random(model, generator(0, "test", k)) for k in range(500)])
    assert joins.shape == (500, 11)
    assert abs(joins.mean() - 0.5) < 0.03
    assert all(abs(np.corrcoef(joins[:, i], joins[:, j])[0, 1]) < 0.2 for i, j in combinations(range(11), 2))
