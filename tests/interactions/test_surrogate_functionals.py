"""Closed forms of a surrogate against enumeration: indices of the covariance, its slopes, the law of contexts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import gammaln
from support import references

from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interactions import indices
from interact_cli.interactions.laws import Law, Rule
from interact_cli.interactions.surrogate import functionals
from interact_cli.interactions.surrogate.fitting import _Search
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.interactions.surrogate.kernel import JITTER
from interact_cli.interactions.surrogate.neighbours import neighbours

LAWS = {
    "shapley": Law(),
    "banzhaf": Law(0.5),
    "taylor of 2": Law(beta=2),
    "taylor of 3": Law(beta=3),
    "alone": Law(order=0),
    "order 1": Law(order=1),
    "order 3": Law(order=3),
}


def search_of(n, grid=None, rows=30, seed=0):
    rng = np.random.default_rng(seed)
    coalitions = unpack(all_coalitions(n), n)[rng.permutation(2**n)[:rows]]
    search = _Search(coalitions, rng.normal(size=len(coalitions)), neighbours(grid))
    return search, search.start + rng.normal(size=len(search.start)) * 0.4


def kernel_of(n, grid=None):
    search, parameters = search_of(n, grid)
    return search.kernel(parameters)


def all_sets(n, size):
    return np.array(list(combinations(range(n), size)), dtype=np.int64)


def naive_matrix(n, size, law):
    """``E_T sum_L (-1)^(a-l) v(T + L)`` as a matrix: for each set and coalition what v(coalition) counts for."""
    if law.order is not None:
        return matrix_of_an_order(n, size, law.order)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    rates, masses = ((nodes + 1) / 2, weights / 2) if law.keep_rate is None else (np.array([law.keep_rate]), np.ones(1))
    masses = masses * law.beta * (1 - rates) ** (law.beta - 1) if law.keep_rate is None else masses
    matrix = np.zeros((2**n, len(all_sets(n, size))))
    for column, members in enumerate(map(set, all_sets(n, size).tolist())):
        for code in range(2**n):
            coalition = {player for player in range(n) if code >> player & 1}
            others, inside = coalition - members, coalition & members
            chance = (masses * rates ** len(others) * (1 - rates) ** (n - size - len(others))).sum()
            matrix[code, column] = (-1) ** (size - len(inside)) * chance
    return matrix


def matrix_of_an_order(n, size, order):
    """The mean over the sets of ``order`` others, listed."""
    matrix = np.zeros((2**n, len(all_sets(n, size))))
    for column, members in enumerate(all_sets(n, size).tolist()):
        contexts = list(combinations(sorted(set(range(n)) - set(members)), order))
        for context in contexts:
            for count in range(size + 1):
                for chosen in combinations(members, count):
                    code = sum(1 << player for player in (*context, *chosen))
                    matrix[code, column] += (-1) ** (size - count) / len(contexts)
    return matrix


def whole(lower):
    """A symmetric matrix from its lower triangle."""
    return np.tril(lower) + np.tril(lower, -1).T


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_read_off_equals_the_index_of_every_covariance(law, size):
    n, law = 6, LAWS[law]
    kernel, every = kernel_of(n, (2, 3)), unpack(all_coalitions(n), n)
    functional, matrix = Functional(law, n, all_sets(n, size)), naive_matrix(n, size, law)
    full = whole(kernel.matrix(every))
    np.testing.assert_allclose(functional.weights(every), matrix, atol=1e-12)
    np.testing.assert_allclose(functional.covariances(kernel, every), full @ matrix, atol=1e-10)
    expected = np.einsum("ts,tu,us->s", matrix, full, matrix)
    np.testing.assert_allclose(functional.variances(kernel), expected, rtol=1e-9)


@pytest.mark.parametrize("index", ["shapley", "banzhaf", "shapley-interaction", "banzhaf-interaction"])
def test_the_law_of_an_index_is_the_index(index):
    n = 5
    definition = indices.lookup(index)
    size = 1 if definition.values_of == "players" else 2
    table = np.random.default_rng(0).normal(size=2**n)
    weights = Functional(definition.law(size), n, all_sets(n, size)).weights(unpack(all_coalitions(n), n))
    expected = references.DEFINITIONS[index](references.set_game(table, n), n)
    if size == 2:
        expected = expected[np.triu_indices(n, 1)]
    np.testing.assert_allclose(table @ weights, expected, atol=1e-12)


@pytest.mark.parametrize("at_once", [1, 2**22])
def test_the_number_of_rows_at_once_changes_nothing(monkeypatch, at_once):
    kernel, every = kernel_of(5), unpack(all_coalitions(5), 5)
    functional = Functional(Law(), 5, all_sets(5, 2))
    expected = functional.covariances(kernel, every)
    monkeypatch.setattr(functionals, "AT_ONCE", at_once)
    np.testing.assert_allclose(functional.covariances(kernel, every), expected, atol=1e-14)


def test_parts_are_the_whole(monkeypatch):
    monkeypatch.setattr(functionals, "RETURNED", 70)
    functional = Functional(Law(), 7, all_sets(7, 3))
    parts = list(functional.parts(7))
    np.testing.assert_array_equal(np.concatenate([part.sets for _, part in parts]), functional.sets)
    assert [functional.sets[some].shape[0] for some, _ in parts] == [10, 10, 10, 5]


def test_covariances_are_those_of_the_formula():
    n = 4
    kernel, every = kernel_of(n, (2, 2)), unpack(all_coalitions(n), n)
    matrix = whole(kernel.matrix(every))
    rng = np.random.default_rng(1)
    for first, second in rng.integers(0, 2**n, (20, 2)).tolist():
        S, T = every[first], every[second]
        value = 0.0
        for product in kernel.products:
            codes = [[product.present if here else product.absent for here in side] for side in (S, T)]
            factors = [np.exp(a * (y * z - 1)) for a, y, z in zip(product.scales, *codes, strict=True)]
            value += product.amplitude * np.prod(factors)
        start = 0
        for sets in kernel.parities.sets:
            for members in sets.tolist():
                signs = [np.prod([1.0 if side[player] else -1.0 for player in members]) for side in (S, T)]
                value += kernel.parities.weights[start] * signs[0] * signs[1]
                start += 1
        if first == second:
            size = int(S.sum())
            value += kernel.own * (4 * size * (n - size) / n**2) ** 2 + JITTER
        assert matrix[first, second] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("grid", [None, (2, 3), (1, 6)])
def test_the_gradient_is_that_of_the_objective(grid):
    search, parameters = search_of(6, grid)
    _, gradient = search.objective(parameters)
    numeric = approx_fprime(parameters, lambda p: search.objective(p)[0], 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3 * np.abs(gradient).max())


def test_the_objective_is_the_negative_logarithm_of_the_posterior():
    search, parameters = search_of(5, rows=12)
    kernel = search.kernel(parameters)
    covariances = whole(kernel.matrix(search.coalitions))
    sign, logarithm = np.linalg.slogdet(covariances)
    deviations = parameters[: 3 * 5]
    expected = search.values @ np.linalg.solve(covariances, search.values) / 2 + logarithm / 2
    assert sign == 1
    assert search.objective(parameters)[0] == pytest.approx(expected + (deviations**2).sum() / 0.7**2 / 2)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [3, 10, 64, 300])
def test_probabilities_of_contexts_add_up_and_agree_with_the_rule(law, n):
    law = LAWS[law]
    sizes = np.arange(n + 1)
    probabilities = law.of_contexts(n)
    with np.errstate(divide="ignore"):
        counts = np.exp(gammaln(n + 1) - gammaln(sizes + 1) - gammaln(n - sizes + 1) + np.log(probabilities))
    assert counts.sum() == pytest.approx(1, rel=1e-9)
    rule = law.rule(n, 2)
    mean_of_square = (counts * sizes * (sizes - 1)).sum() / (n * (n - 1))
    two_there = rule.present**2 * (rule.present + rule.absent) ** (n - 2)
    assert (rule.weights @ two_there).real == pytest.approx(mean_of_square, rel=1e-9)


def test_a_rule_that_is_cut_short_is_exact_to_rounding():
    """The integrands of 300 players are smooth: 32 nodes say as much as 150."""
    n, rng = 300, np.random.default_rng(0)
    kernel = _Search(rng.random((5, n)) < 0.5, np.zeros(5), ()).kernel(
        _Search(rng.random((5, n)) < 0.5, np.zeros(5), ()).start
    )
    rows = rng.random((20, n)) < rng.random((20, 1))
    functional = Functional(Law(), n, all_sets(n, 1)[:7])
    short = functional.covariances(kernel, rows)
    nodes, weights = np.polynomial.legendre.leggauss(160)

    class Long(Law):
        def rule(self, n_others, degree=None):
            return Rule((1 - nodes) / 2, (nodes + 1) / 2, weights / 2)

    long = Functional(Long(), n, functional.sets).covariances(kernel, rows)
    np.testing.assert_allclose(short, long, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("grid", "sizes"), [(None, []), ((1, 1), []), ((1, 2), [1]), ((1, 4), [3]), ((3, 1), [2])])
def test_neighbours_by_size(grid, sizes):
    assert [len(sets) for sets in neighbours(grid) if len(sets)] == sizes


def test_neighbours_fit_into_a_window():
    for sets in neighbours((4, 5)):
        rows, columns = sets // 5, sets % 5
        assert (np.ptp(rows, axis=1) <= 1).all()
        assert (np.ptp(columns, axis=1) <= 1).all()
        assert len(np.unique(sets, axis=0)) == len(sets)
    assert [len(sets) for sets in neighbours((4, 5))] == [4 * 4 + 3 * 5 + 2 * 3 * 4, 4 * 3 * 4, 3 * 4]
