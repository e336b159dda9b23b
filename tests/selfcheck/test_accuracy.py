"""What the shares tend to, by counting every expression of a length; and how they are scored."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from interact_cli.api import measure
from interact_cli.games.expressions import DATA_SETS, Expression
from interact_cli.selfcheck.accuracy import METHODS, Batch, Score
from interact_cli.selfcheck.baselines import join_by_erasure

ERASURE = METHODS[-1]


def share_of_right_erasures(n_players: int) -> float:
    """Over all AND-OR expressions of a length and all of their gaps."""
    right = []
    for operators in product("&|", repeat=n_players - 1):
        model = Expression(operators, tuple(range(n_players)))
        right.append(join_by_erasure(model, model.table()) == np.array(model.labels))
    return float(np.mean(right))


def test_erasure_on_and_or_tends_to_what_its_law_says(monkeypatch: pytest.MonkeyPatch):
    """Protocols, section 8.1: baseline 3 as read here."""
    for n in (6, 7, 8):
        monkeypatch.setattr("interact_cli.selfcheck.accuracy.LENGTHS", (n, n))
        assert ERASURE.expected("and-or", 0.523) == pytest.approx((share_of_right_erasures(n),) * 2, abs=1e-12)


def test_the_published_share_of_erasure_is_that_of_lengths_6_and_7(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interact_cli.selfcheck.accuracy.LENGTHS", (6, 7))
    assert ERASURE.expected("and-or", 0.523)[0] == pytest.approx(0.523, abs=5e-4)


def test_lengths_weigh_by_their_gaps():
    models = [DATA_SETS["and-or"].draw(5, number) for number in range(3000)]
    gaps = np.array([len(model.gaps) for model in models])
    shares = np.array([0.5 + 0.5 ** (model.n_players - 1) for model in models])
    assert ERASURE.expected("and-or", 0.523)[0] == pytest.approx((gaps @ shares) / gaps.sum(), abs=2e-4)


def test_additions_are_not_scored():
    """Zhang et al. (AAAI 2021), section 4: interactions of additions are not considered."""
    model = Expression(("*", "+", "*"), (0, 1, 2, 3))
    score = Score()
    score.add([model, model], [[True, True, False], [True, False, True]])
    assert (score.operations, score.correct, score.additions, score.apart) == (4, 3, 2, 1)


def test_published_numbers_are_those_of_table_1():
    published = {method.name: method.published for method in METHODS}
    assert list(DATA_SETS) == ["addition-multiplication", "and-or", "exponential"]
    assert published == {
        "B_max, enumerated": (1.000, 0.999, 1.000),
        "B_max, learned p": (1.000, 0.999, 1.000),
        "baseline 1, random": (0.500, 0.503, 0.506),
        "baseline 2, pair sign": (1.000, 0.996, 1.000),
        "baseline 3, erasure": (1.000, 0.523, 0.846),
    }


def test_batches_split_the_models_and_change_nothing():
    whole = Batch.draw(measure, DATA_SETS["exponential"], range(6), seed=0)
    part = Batch.draw(measure, DATA_SETS["exponential"], range(3, 6), seed=0)
    assert whole.models[3:] == part.models
    assert whole.head(2).models == whole.models[:2]
    assert part.head(4).models == part.models[:1]
    assert part.head(2).models == []
