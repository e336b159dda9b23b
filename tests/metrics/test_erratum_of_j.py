"""Erratum 9: J takes the absolute value of every interaction before it averages."""

from __future__ import annotations

import numpy as np
from support.references import delta, set_game, subsets

from interact_cli.interfaces import Cohort, Question
from interact_cli.metrics.bottleneck import Bottleneck


def test_erratum_9_j_is_the_mean_of_absolute_values():
    n, metric = 5, Bottleneck()
    table = np.random.default_rng(3).normal(size=2**n)
    question = Question(n_players=n, budget=2**n, seed=0, sample_id="one")
    reduced = metric.reduce(metric.design(question), table, question)
    cohort = Cohort(np.array([True]), np.array([n]), True, None, "logit", 0, True)
    j = metric.aggregate([reduced], cohort).quantity("J_mean_abs").values

    v = set_game(table, n)
    by_pair = np.array(
        [
            [
                np.mean([delta(v, i, k, S) for S in subsets(set(range(n)) - {i, k}) if len(S) == m])
                for i in range(n)
                for k in range(i)
            ]
            for m in range(n - 1)
        ]
    )
    absolute, signed = np.abs(by_pair).mean(axis=1), by_pair.mean(axis=1)
    np.testing.assert_allclose(j, absolute / absolute.mean(), atol=1e-9)
    assert np.isclose(j.mean(), 1.0)
    # As printed, without the absolute value, an order can even be negative.
    assert (signed / signed.mean()).min() < 0
