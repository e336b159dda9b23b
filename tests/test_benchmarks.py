from itertools import combinations
from math import nan

import numpy as np
import pytest

import benchmarks.__main__ as command
from benchmarks.coverage import ASKED, Scores
from benchmarks.demo_games import from_bases
from benchmarks.estimator_games import composed
from benchmarks.table import Benchmark, Goal, Row
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interactions.indices import lookup

GOAL = Goal(most=1)


def of(rows, **named):
    return Benchmark("fake", lambda quick: iter(rows), **named)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.5, 1.0], 0), ([0.5, 1.5], 1), ([1.5, 0.5], 1), ([nan], 1), ([], 0)],
)
def test_a_missed_goal_is_printed_and_is_the_exit_code(values, expected, monkeypatch, capsys):
    rows = [Row("context without a goal", 9.0), *(Row("a ratio", value, goal=GOAL) for value in values)]
    monkeypatch.setattr(command, "BENCHMARKS", (of(rows),))
    assert command.main([]) == expected
    assert capsys.readouterr().out.count("missed") == expected


def test_what_is_run_by_hand_is_run_only_when_it_is_named(monkeypatch):
    monkeypatch.setattr(command, "BENCHMARKS", (of([Row("a ratio", 2.0, goal=GOAL)], by_hand=True),))
    assert command.main([]) == 0
    assert command.main(["--only", "fake"]) == 1


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("number", [0, 1])
def test_the_closed_forms_of_sums_of_leaves_are_those_of_their_tables(what, number):
    """Against the definition: the mean over contexts, one by one, of the alternating sum over the set's subsets."""
    n, (index, size) = 9, ASKED[what]
    games = composed(n)
    game = [next(games) for _ in range(number + 1)][number]
    table = game.value(unpack(all_coalitions(n), n))
    law = lookup(index).law(size)
    sets = np.array(list(combinations(range(n), size)))[::7]
    for members, value in zip(sets, game.truth(index, sets), strict=True):
        weights = law.of_contexts(n - size)
        others = [player for player in range(n) if player not in members]
        expected = 0.0
        for count in range(n - size + 1):
            for context in combinations(others, count):
                for inside in range(size + 1):
                    for chosen in combinations(members.tolist(), inside):
                        code = sum(1 << player for player in (*context, *chosen))
                        expected += weights[count] * (-1.0) ** (size - inside) * table[code]
        assert value == pytest.approx(expected, abs=1e-12)


def test_every_base_gives_the_pairs_of_a_game_of_pairs():
    pairs = np.triu(np.arange(36.0).reshape(6, 6), 1)

    def value(coalitions):
        return np.einsum("ti,ij,tj->t", coalitions, pairs, coalitions) + coalitions.sum(axis=1)

    means, variances = from_bases(value, 6, 5)
    np.testing.assert_allclose(means, pairs[np.triu_indices(6, 1)], atol=1e-12)
    np.testing.assert_allclose(variances, 0, atol=1e-24)


def test_bases_are_weighed_by_the_shapley_interaction():
    """Of v = 1 if all three are there, a pair is worth 1/2: the third is there with one uniform probability."""
    means, variances = from_bases(lambda coalitions: coalitions.all(axis=1).astype(float), 3, 4000)
    np.testing.assert_allclose(variances, 0.25 / 4000, rtol=0.01)
    np.testing.assert_allclose(means, 0.5, atol=4 * np.sqrt(0.25 / 4000))


def test_scores_count_the_intervals_that_hold_the_value():
    scores = Scores()
    scores.add("pairs", np.array([0.0, 1.9, -2.0, 5.0, 3.0]), np.array([1.0, 1.0, 1.0, 1.0, 0.0]))
    values, zeros = scores.rows()
    assert (values.value, zeros.value) == (50.0, 0.0)
