"""The closed forms of the known games against sums over listed sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support import multivariate_reference, pattern_references, set_indices
from support.references import Coalition, SetGame, dividends, set_game, subsets

from interact_cli.games.closed_form import KnownGame
from interact_cli.games.known import (
    additive,
    disjunction,
    majority,
    parity,
    product,
    sum_of_unanimity,
    unanimity,
)

N = 6
GAMES = {
    "unanimity": unanimity(N, [0, 2, 3, 5]),
    "dictator": unanimity(N, [2]),
    "unanimity of all": unanimity(N, range(N)),
    "sum": sum_of_unanimity(N, {(): 0.7, (1,): 2.0, (0, 3): -1.5, (1, 2, 4): 0.3, (0, 1, 2, 3, 4, 5): -4.0}),
    "or": disjunction(N, [1, 2, 4]),
    "or of all": disjunction(N, range(N)),
    "majority": majority(N),
    "quota 1": majority(N, 1),
    "quota 5": majority(N, 5),
    "additive": additive([1.0, -2.0, 0.0, 0.5, 3.0, -0.1], empty=0.7),
    "product": product([1.0, 2.0, -1.0, 0.5, 3.0, 1.5], [0.5, -1.0, 0.3, 2.0, 1.0, 0.0]),
    "parity": parity(N),
    "odd parity": parity(5),
}


@pytest.fixture(params=GAMES, ids=str)
def known(request: pytest.FixtureRequest) -> KnownGame:
    return GAMES[request.param]


@pytest.fixture
def v(known: KnownGame) -> SetGame:
    return set_game(known.game.table, known.n_players)


def meaning(name: str) -> Callable[[Coalition, int], float]:
    """The games in words, independent of their tables."""
    return {
        "unanimity": lambda S, n: float({0, 2, 3, 5} <= S),
        "sum": lambda S, n: 0.7 + 2.0 * (1 in S) - 1.5 * ({0, 3} <= S) + 0.3 * ({1, 2, 4} <= S) - 4.0 * (len(S) == n),
        "or": lambda S, n: float(bool(S & {1, 2, 4})),
        "majority": lambda S, n: float(len(S) > n / 2),
        "quota 5": lambda S, n: float(len(S) >= 5),
        "additive": lambda S, n: 0.7 + sum([1.0, -2.0, 0.0, 0.5, 3.0, -0.1][i] for i in S),
        "product": lambda S, n: float(
            np.prod(
                [([1.0, 2.0, -1.0, 0.5, 3.0, 1.5] if i in S else [0.5, -1.0, 0.3, 2.0, 1.0, 0.0])[i] for i in range(n)]
            )
        ),
        "parity": lambda S, n: float(len(S) % 2),
    }[name]


@pytest.mark.parametrize("name", ["unanimity", "sum", "or", "majority", "quota 5", "additive", "product", "parity"])
def test_tables_are_the_games_that_they_are_called(name: str):
    game = GAMES[name]
    for S, value in set_game(game.game.table, N).items():
        assert value == pytest.approx(meaning(name)(S, N), abs=1e-12)


def test_orders_of_sets_of_every_size(known: KnownGame, v: SetGame):
    n = known.n_players
    for a in range(1, n + 1):
        for A in set_indices.sets_of(n, a):
            for s in range(n - a + 1):
                assert known.order(A, s) == pytest.approx(set_indices.order(v, n, A, s), abs=1e-9)


def test_shapley_and_banzhaf_of_sets_of_every_size(known: KnownGame, v: SetGame):
    n = known.n_players
    for a in range(1, n + 1):
        for A in set_indices.sets_of(n, a):
            assert known.shapley(A) == pytest.approx(set_indices.shapley_interaction(v, n, A), abs=1e-9)
            assert known.banzhaf(A) == pytest.approx(set_indices.banzhaf_interaction(v, n, A), abs=1e-9)


def test_dividends_and_or_interactions(known: KnownGame, v: SetGame):
    by_definition, ors = dividends(v), set_indices.or_interactions(v, known.n_players)
    for A in subsets(range(known.n_players)):
        assert known.dividend(A) == pytest.approx(by_definition[A], abs=1e-9)
        assert known.or_interaction(A) == pytest.approx(ors[A], abs=1e-9)


def test_inference_patterns(known: KnownGame, v: SetGame):
    n = known.n_players
    for pair in set_indices.sets_of(n, 2)[::3]:
        expected = pattern_references.mean_rewards(v, n, *pair)
        assert [known.inference_pattern(pair, q) for q in range(n - 1)] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_shapley_taylor(known: KnownGame, v: SetGame, k: int):
    for A, value in set_indices.shapley_taylor(v, known.n_players, k).items():
        assert known.shapley_taylor(A, k) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_k_shapley(known: KnownGame, v: SetGame, k: int):
    values = set_indices.k_shapley(v, known.n_players, k)
    for A, value in values.items():
        assert known.k_shapley(A, k) == pytest.approx(value, abs=1e-9)
    assert sum(known.k_shapley(A, k) for A in values) == pytest.approx(known.game.table[-1], abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_faithful_banzhaf_is_the_nearest_polynomial(known: KnownGame, v: SetGame, k: int):
    for A, value in set_indices.faithful_banzhaf(v, known.n_players, k).items():
        assert known.faithful_banzhaf(A, k) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_faithful_shapley_is_the_nearest_polynomial(known: KnownGame, v: SetGame, k: int):
    for A, value in set_indices.faithful_shapley(v, known.n_players, k).items():
        assert known.faithful_shapley(A, k) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("members", [(0, 1), (1, 2, 3), (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4)])
@pytest.mark.parametrize("name", [name for name, known in GAMES.items() if known.multivariate])
def test_multivariate(name: str, members: tuple[int, ...]):
    game = GAMES[name]
    assert game.multivariate is not None
    found = game.multivariate(frozenset(members))
    v = set_game(game.game.table, game.n_players)
    expected = multivariate_reference.quantities(v, game.n_players, members, "contiguous")
    assert found.together == pytest.approx(expected["B"], abs=1e-9)
    assert found.most == pytest.approx(expected["B_max"], abs=1e-9)
    assert found.least == pytest.approx(expected["B_min"], abs=1e-9)


def test_distribution_axiom_a_unanimity_game_has_one_dividend():
    """Protocols, section 3: v_T -> I(T) = c only."""
    game = unanimity(N, [0, 2, 3, 5])
    assert {A: game.dividend(A) for A in subsets(range(N)) if game.dividend(A)} == {frozenset({0, 2, 3, 5}): 1.0}


def test_a_product_whose_outsiders_are_worth_nothing_has_every_order():
    """Factors of 0 shorten the polynomial of the others; its missing coefficients are 0."""
    known = product([0.0, 1.0, 0.0, 2.0], [1.0, 0.0, 0.0, 2.0])
    v = set_game(known.game.table, 4)
    for A in set_indices.sets_of(4, 1, 2):
        for s in range(5 - len(A)):
            assert known.order(A, s) == pytest.approx(set_indices.order(v, 4, A, s), abs=1e-12)


def test_textbook_values():
    majority_of_5 = majority(5)
    assert majority_of_5.shapley(frozenset({0})) == pytest.approx(1 / 5)
    assert majority_of_5.banzhaf(frozenset({0})) == pytest.approx(6 / 16)
    assert unanimity(4, [0, 1, 2]).shapley(frozenset({0})) == pytest.approx(1 / 3)
    assert disjunction(4, [0, 1]).shapley(frozenset({0, 1})) == -1.0
    assert parity(2).shapley(frozenset({0, 1})) == -2.0
