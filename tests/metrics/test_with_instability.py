"""Instability of any metric, against the published formula in two loops."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from itertools import product
from math import comb

import numpy as np
import pytest
from support import pattern_references
from support.runs import cohort, measured, noise, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import pack
from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Divisible, Metric, Reduced
from interact_cli.metrics.fallback import settled
from interact_cli.metrics.instability import WithInstability
from interact_cli.options import configured

R = 4


@dataclass(frozen=True)
class Draws:
    """A plugin's design: values of drawn coalitions; each of two numbers is a mean of half of them."""

    n_players: int
    asked: np.ndarray

    def estimate(self, values):
        means = values.reshape(2, -1).mean(axis=1)
        return Estimate("halves", means, np.ones(2), np.zeros(2, bool), len(values), self.n_players)


class DivisibleDraws(Draws):
    def estimates(self, values, parts):
        return [self.estimate(values.reshape(2, -1)[:, part::parts].ravel()) for part in range(parts)]


@dataclass(frozen=True, kw_only=True)
class Plugin(Metric):
    """As a plugin writes one: no options, nothing of vectors."""

    name: str = "halves"
    source: str = "nobody"
    version: int = 7
    make: type[Draws] = DivisibleDraws

    def design(self, question):
        rng = np.random.default_rng([question.seed, int(question.sample_id.rpartition("/")[2])])
        return self.make(question.n_players, pack(rng.random((2 * 3 * R, question.n_players)) < 0.5))

    def reduce(self, design, values, question):
        return Reduced(design.estimate(values), {"kept": np.array([3.0])}, "drawn")

    def aggregate(self, results, cohort):
        assert all(result.extras["kept"] == 3 for result in results)
        return self.measurement("drawn", per_sample=(), summary=(), notes=("a note",))


def scalar(measurement, name="instability"):
    return float(measurement.quantity(name).values)


def test_a_metric_is_what_it_was():
    wrapped = WithInstability.of(Plugin(), R)
    assert (wrapped.name, wrapped.version, wrapped.source, wrapped.needs) == ("halves", 7, "nobody", frozenset())
    assert (wrapped.of_vectors, wrapped.of_predicted, wrapped.kept_per_coalition) == (False, False, 0)
    assert wrapped.least_players == 0
    for name in ("concepts", "multivariate", "harsanyi", "strength"):
        metric = extensions.metric(name)
        wrapped = WithInstability.of(metric, R)
        assert {part.name: getattr(wrapped, part.name) for part in fields(Metric)} == {
            part.name: getattr(metric, part.name) for part in fields(Metric)
        }
    triples = configured(extensions.metric("k-shapley"), {"interaction_size": 3})
    assert WithInstability.of(triples, R).least_players == 3
    assert isinstance(DivisibleDraws(3, np.zeros((1, 1), np.uint8)), Divisible)


def test_the_options_of_the_metric_decide_its_draws_and_its_numbers():
    metric = configured(extensions.metric("dropout-suppression"), {"drop_rate": 0.2, "pairs": "random:2"})
    wrapped, asked = WithInstability.of(metric, R), questions(8, 1, 250)
    np.testing.assert_array_equal(wrapped.design(asked[0]).asked, metric.design(asked[0]).asked)
    (plain,), (other,) = reduced(metric, noise(4), asked), reduced(wrapped, noise(4), asked)
    np.testing.assert_array_equal(plain.extras["predicted"], other.extras["predicted"])
    measurement = wrapped.aggregate([other], cohort(8, 1))
    assert "under dropout at rate 0.2" in measurement.quantity("mean_abs_dropout").meaning
    assert scalar(measurement) > 0


def test_a_plugins_values_of_the_parts_are_compared_place_by_place():
    tables = np.random.default_rng(0).normal(size=(3, 2**6))
    asked = questions(6, 3, 100)
    results = reduced(WithInstability.of(Plugin(), R), of_tables(tables), asked)
    included = np.array([True, False, True])
    measurement = WithInstability.of(Plugin(), R).aggregate(results, cohort(6, 3, included=included))
    by_sample = []
    for sample in (0, 2):
        design = Plugin().design(asked[sample])
        codes = design.asked[:, 0].astype(int)
        halves = tables[sample][codes].reshape(2, 3, R)  # draw k belongs to part k % R
        places = [pattern_references.instability(half.mean(axis=0).tolist()) for half in halves]
        by_sample.append(np.mean(places))
    assert scalar(measurement) == pytest.approx(np.mean(by_sample))
    quantity = measurement.quantity("instability")
    assert (quantity.dims, quantity.unit) == ((), "1")
    # Resampled: the plain formula within the spread of 2,000 draws.
    assert float(quantity.standard_errors) == pytest.approx(np.std(by_sample, ddof=1) / np.sqrt(2), rel=0.1)
    for words in ("4 equal shares", "ICLR 2021", "Deng et al. (2022)", "AAAI 2021"):
        assert words in quantity.meaning
    assert measurement.notes == ("a note",)


def test_the_numbers_of_the_metric_use_all_draws():
    evaluate, asked = noise(4), questions(8, 2, 120)
    metric = extensions.metric("shapley")
    plain, wrapped = reduced(metric, noise(4), asked), reduced(WithInstability.of(metric, 3), evaluate, asked)
    for one, other in zip(plain, wrapped, strict=True):
        np.testing.assert_array_equal(one.estimate.values, other.estimate.values)


def parts_of(metric, evaluate, question):
    """Estimates of the shares, from the design's own division."""
    design = metric.design(question)
    (result,) = reduced(metric, evaluate, [question])
    assert not result.estimate.exact.all()
    values = evaluate(0, np.unpackbits(design.asked, axis=1, count=question.n_players, bitorder="little").astype(bool))
    return design.estimates(values, R)


def expected_of(statistics):
    columns = np.stack(statistics).reshape(R, -1).T
    return np.mean([pattern_references.instability(column.tolist()) for column in columns])


@pytest.mark.parametrize(
    ("name", "statistic"),
    [
        ("shapley", lambda e: e.values),
        ("banzhaf", lambda e: e.values),
        ("shapley-interaction", lambda e: np.abs(e.values).mean()),
        ("banzhaf-interaction", lambda e: np.abs(e.values).mean()),
        ("multi-order", lambda e: np.abs(e.values).mean(axis=1)),
        ("bottleneck", lambda e: np.abs(e.values).mean(axis=1) / np.abs(e.values).mean(axis=1).mean()),
        ("dropout-suppression", lambda e: np.abs(e.values).mean(axis=1)),
        ("strength", lambda e: np.abs(e.values).mean()),
    ],
)
def test_the_statistic_of_each_metric_is_its_papers(name, statistic):
    n = 8
    table = np.random.default_rng(6).normal(size=(1, 2**n)) + 0.02 * np.arange(2**n)
    question = replace(questions(n, 1, 250)[0], repeats=R)
    metric = extensions.metric(name)
    parts = parts_of(metric, of_tables(table), question)
    assert len(parts) == R
    results = reduced(WithInstability.of(metric, R), of_tables(table), [question])
    measurement = WithInstability.of(metric, R).aggregate(results, cohort(n, 1))
    assert scalar(measurement) == pytest.approx(expected_of([statistic(part) for part in parts]))
    assert scalar(measurement) > 0
    assert np.isnan(measurement.quantity("instability").standard_errors)


@pytest.mark.parametrize("name", ["shapley", "multi-order", "bottleneck", "inference-patterns", "harsanyi"])
def test_what_is_exact_is_stable_and_says_so(name):
    tables = np.random.default_rng(1).normal(size=(2, 32))
    measurement = measured(WithInstability.of(extensions.metric(name), 5), of_tables(tables), 5, 2, 32)
    assert scalar(measurement) == 0
    assert "Instability: exact, nothing is drawn." in measurement.notes


def test_an_exact_design_need_not_be_divisible():
    class Exact(Draws):
        def estimate(self, values):
            return replace(super().estimate(values), exact=np.ones(2, bool))

    assert scalar(measured(WithInstability.of(Plugin(make=Exact), R), noise(0), 6, 2, 100)) == 0


def test_a_multivariate_interaction_has_paper_004s_instability_of_t_too():
    n = 9
    table = np.random.default_rng(3).normal(size=(1, 2**n)) + 0.01 * np.arange(2**n)
    question = replace(questions(n, 1, 300)[0], repeats=R, span=(2, 3, 4))
    metric = extensions.metric("multivariate")
    parts = parts_of(metric, of_tables(table), question)
    results = reduced(WithInstability.of(metric, R), of_tables(table), [question])
    measurement = WithInstability.of(metric, R).aggregate(results, cohort(n, 1))
    of_t = pattern_references.instability([part.T for part in parts])
    assert scalar(measurement, "instability_T") == pytest.approx(of_t) != 0
    values = np.stack([part.values for part in parts])
    known = [column for column in values.T if np.isfinite(column).all()]
    assert 4 <= len(known) <= 6  # B+ and B- need all coalitions of A
    assert scalar(measurement) == pytest.approx(np.mean([pattern_references.instability(c.tolist()) for c in known]))


def test_more_draws_are_more_stable():
    table = np.random.default_rng(2).normal(size=(6, 2**10)) + np.array(
        [code.bit_count() ** 2 for code in range(2**10)]
    )
    metric = WithInstability.of(extensions.metric("shapley"), 3)
    few, many = (scalar(measured(metric, of_tables(table), 10, 6, budget, repeats=3)) for budget in (60, 900))
    assert many < few / 2


def test_a_design_that_cannot_be_shared_out_is_named():
    with pytest.raises(UsageError, match="'halves' draws coalitions and cannot share them out among 4 plans"):
        reduced(WithInstability.of(Plugin(make=Draws), R), noise(0), questions(6, 1, 100))


def test_more_parts_than_draws_are_refused():
    with pytest.raises(BudgetError):
        reduced(WithInstability.of(extensions.metric("shapley"), 50), noise(0), questions(8, 1, 100))


def test_sets_count_by_the_largest_without_the_empty_one():
    sets = np.array([[-1, -1], [0, -1], [0, 1], [1, 2]])
    estimate = Estimate("s", np.array([100.0, 50.0, -2.0, 4.0]), np.zeros(4), np.zeros(4, bool), 8, 3, sets=sets)
    np.testing.assert_array_equal(WithInstability.of(Plugin(), 2)._statistic(estimate), [3.0])


def test_a_number_that_was_left_out_does_not_make_an_exact_metric_a_sampled_one():
    """B+ and B- need all coalitions of A; without them all else is exact, and nothing is drawn."""
    metric = WithInstability.of(extensions.metric("multivariate"), R)
    (result,) = reduced(metric, noise(1), questions(14, 1, 2000))
    assert np.isnan(result.estimate.values[-1])
    measurement = metric.aggregate([result], cohort(14, 1))
    assert "Instability: exact, nothing is drawn." in measurement.notes
    assert scalar(measurement) == 0


def reused_shapley(table, n, pairs, possible):
    """Maximum sample reuse in loops: a linear fit of all values, and of what it leaves every value for every player."""
    everyone = 2**n - 1
    codes = [code for first in pairs for code in (first, everyone - first)]
    present = np.array([[code >> player & 1 for player in range(n)] for code in codes])
    terms = np.hstack([np.ones((len(codes), 1)), 2 * present - 1])
    linear = np.linalg.lstsq(terms, table[codes], rcond=None)[0]
    left = dict(zip(codes, table[codes] - terms @ linear, strict=True))
    drawn = Counter(first.bit_count() for first in pairs)
    values = 2 * linear[1:]
    for player, first in product(range(n), pairs):
        for code in (first, everyone - first):
            size, inside = code.bit_count(), code >> player & 1
            weight = 1 / (n * comb(n - 1, size - 1)) if inside else -1 / (n * comb(n - 1, size))
            scale = possible[first.bit_count()] / drawn[first.bit_count()]
            values[player] += scale * weight * left[code]
    return values


def test_the_shares_of_a_run_that_dropped_its_surrogate_are_answered_by_sample_reuse():
    n, parts = 8, 2
    table = np.random.default_rng(3).normal(size=2**n)
    question = replace(questions(n, 1, 120)[0], repeats=parts)
    metric = extensions.metric("shapley")
    wrapped = WithInstability.of(metric, parts)
    kept = reduced(wrapped, of_tables(table[None]), [question])
    dropped = settled(kept)
    assert [result.estimate.explained is None for result in dropped] == [True]

    firsts = metric.design(question).draw.first @ (1 << np.arange(n))
    possible = [comb(n, size) for size in range(n // 2)] + [comb(n, n // 2) // 2]
    drawn = Counter(first.bit_count() for first in firsts.tolist())
    whole = [first for first in firsts.tolist() if drawn[first.bit_count()] == possible[first.bit_count()]]
    others = [first for first in firsts.tolist() if first not in whole]
    assert whole
    shares = [reused_shapley(table, n, [*whole, *others[part::parts]], possible) for part in range(parts)]
    expected = np.mean([pattern_references.instability(column.tolist()) for column in np.stack(shares).T])
    found = scalar(wrapped.aggregate(dropped, cohort(n, 1)))
    assert found == pytest.approx(expected)
    assert found != pytest.approx(scalar(wrapped.aggregate(kept, cohort(n, 1))))
