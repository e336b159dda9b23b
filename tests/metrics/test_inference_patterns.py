"""J^(q) of samples and its strength by q, against the recursive definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from support import pattern_references, references
from support.runs import measured, of_tables

from interact_cli import extensions
from interact_cli.errors import BudgetError
from interact_cli.interfaces import Question
from interact_cli.report.views.pairs import pair_values

N = 5
PAIRS = list(combinations(range(N), 2))


def test_values_and_strengths_by_the_size_of_the_pattern():
    tables = np.random.default_rng(2).normal(size=(3, 2**N))
    measurement = measured(extensions.metric("inference-patterns"), of_tables(tables), N, 3, 32)
    truth = np.stack(
        [
            [pattern_references.mean_rewards(references.set_game(table, N), N, i, j) for i, j in PAIRS]
            for table in tables
        ]
    ).swapaxes(1, 2)
    values = measurement.quantity("values")
    np.testing.assert_allclose(values.values, truth, atol=1e-12)
    assert values.exact.all()
    np.testing.assert_array_equal(measurement.coordinates["order"], range(N - 1))
    np.testing.assert_allclose(measurement.quantity("mean").values, truth.mean(axis=(0, 2)))
    np.testing.assert_allclose(measurement.quantity("mean_abs").values, np.abs(truth).mean(axis=(0, 2)))
    np.testing.assert_allclose(measurement.quantity("rms").values, np.sqrt((truth**2).mean(axis=(0, 2))))
    assert "J^(q)" in measurement.quantity("mean_abs").meaning
    assert "Zhang et al. (ICLR 2021)" in measurement.source


def test_their_mean_over_q_is_not_shown_as_an_interaction():
    tables = np.random.default_rng(2).normal(size=(1, 2**N))
    patterns = measured(extensions.metric("inference-patterns"), of_tables(tables), N, 1, 32)
    orders = measured(extensions.metric("multi-order"), of_tables(tables), N, 1, 32)
    assert pair_values(patterns) is None
    assert pair_values(orders) is not None


def test_patterns_need_every_coalition():
    with pytest.raises(BudgetError, match="inference-patterns"):
        extensions.metric("inference-patterns").design(Question(8, 255, 0, "x"))
