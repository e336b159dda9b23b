"""What each built-in metric says of its numbers; who shows a report adds no word."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from support.runs import cohort, measured, noise, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.interfaces import Question
from interact_cli.options import configured

N, SAMPLES = 4, 3
TABLES = np.random.default_rng(3).normal(size=(SAMPLES, 2**N)) * [[1.0], [2.0], [9.0]]
NUMBER = r"-?[\d.,]+(e-\d+)?( ± [\d.]+(e-\d+)?)?"


def told(name, *, options=None, budget=16, tables=TABLES, asked=None, **more):
    """The sentences about three games of four players, the last one left out of every summary."""
    metric = configured(extensions.metric(name), options or {})
    if metric.of_vectors:
        tables = np.stack([tables, -tables], axis=2)
    results = reduced(metric, of_tables(tables), questions(N, SAMPLES, budget, **(asked or {})))
    shared = cohort(N, SAMPLES, included=np.array([True, True, False]))
    known = {"names": ("a", "b", "c", "d"), "full_value": TABLES[:, -1], "empty_value": TABLES[:, 0]}
    return [finding.sentence for finding in metric.aggregate(results, replace(shared, **{**known, **more})).findings]


def marginals(table):
    """Shapley values from the worths by bit code, summed over all orders of arrival."""
    values = np.zeros(N)
    for arrival in np.array(np.meshgrid(*[range(N)] * N)).reshape(N, -1).T:
        if len(set(arrival.tolist())) == N:
            codes = np.concatenate([[0], np.cumsum(2**arrival)])
            values[arrival] += np.diff(table[codes]) / 24
    return values


def test_the_player_that_moves_the_score_most_is_named():
    sizes = np.abs([marginals(table) for table in TABLES[:2]])
    best = int(sizes.mean(axis=0).argmax())
    mean, error = sizes[:, best].mean(), sizes[:, best].std(ddof=1) / np.sqrt(2)
    first, *_ = told("shapley")
    found = re.fullmatch(
        r"'(\w)' moves the score most: mean \|value\| ([\d.]+) ± ([\d.]+) logit over 2 samples\.", first
    )
    assert found[1] == "abcd"[best]
    assert float(found[2]) == pytest.approx(mean, rel=5e-3)
    assert float(found[3]) == pytest.approx(error, rel=0.1)
    assert len(told("banzhaf")) == 1
    assert told("banzhaf", names=()) == []


def test_players_of_each_sample_are_told_together_by_their_noun():
    (first, _), (other,) = (told(name, shared_players=False, noun="word") for name in ("shapley", "banzhaf"))
    for sentence in (first, other):
        assert re.fullmatch(rf"One word moves the score by {NUMBER} logit on average \(mean \|value\|\)\.", sentence)


EFFICIENT = {"shapley", "k-shapley", "shapley-taylor", "faithful-shapley"}


@pytest.mark.parametrize(
    "name", [entry.name for entry in extensions.metrics_of_games() if entry.origin == extensions.ORIGIN]
)
def test_efficiency_is_checked_of_the_indices_that_have_it(name):
    """All samples, included or not; the third one's v(N) is said to be another one here."""
    asked = {"span": (0, 1, 2)} if name == "multivariate" else {}
    wrong = TABLES[:, -1] + np.array([0.0, 0.0, 0.25])
    checks = [one for one in told(name, asked=asked, full_value=wrong) if one.startswith("Efficiency check: ")]
    assert len(checks) == (name in EFFICIENT)
    whole = (
        "the values of a sample add up to v(N) - v(empty)"
        if name == "shapley"
        else ("the values of all sets of a sample add up to v(N)")
    )
    for check in checks:
        assert check == f"Efficiency check: {whole} within 0.25 logit (worst of 3 samples)."
    unknown = told(name, asked=asked, full_value=None, empty_value=None)
    assert not any("Efficiency" in one for one in unknown)


def test_sets_that_were_drawn_or_chosen_add_up_to_nothing():
    few, _ = told("shapley-taylor", budget=14)
    assert few.startswith("Only 1 of 6 pairs of a sample are measured (17 %)")
    assert len(told("faithful-shapley", options={"pairs": "random:2"})) == 1
    assert len(told("shapley-taylor")) == len(told("faithful-shapley")) == 2


PAIRS = r"Two players change each other's effect by # logit \(rms I corrected over pairs\)\."
PLAYERS = r"One player moves the score by # logit \(rms I corrected over players\)\."
SETS = (
    r"3 players together change the score by # logit, beyond what fewer of them do "
    r"\(rms I corrected over sets of 3\)\."
)
SALIENT = r"A sample has # salient {} on average: at least 5 % as strong as its strongest\."
APART = (
    r"Told apart into AND and OR, the interactions have # % of the strength that AND alone needs: sum \|I\| is "
    r"# logit against #\."
)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("shapley-interaction", {}, PAIRS),
        ("k-shapley", {"interaction_size": 1}, PLAYERS),
        ("banzhaf-interaction", {"interaction_size": 3}, SETS),
        ("strength", {}, r"Interaction strength by mean \|I\|: # logit\."),
        ("multi-order", {}, r"mean \|I\|: # logit at order 0, # logit at order 1, # logit at order 2 of 0\.\.2\."),
        (
            "inference-patterns",
            {},
            r"mean \|I\|: # logit at order 0, # logit at order 1, # logit at order 2 of 0\.\.2\.",
        ),
        ("bottleneck", {}, r"J, corrected rms: # at order 0, # at order 1, # at order 2 of 0\.\.2\."),
        ("bottleneck", {}, r"Theory F\(m\)/F\(0\): nearest with n' = \d, # from J\(m\)/J\(0\) \(root mean square\)\."),
        ("harsanyi", {}, SALIENT.format("ANDs")),
        ("or-interaction", {}, SALIENT.format("ORs")),
        ("concepts", {}, SALIENT.format("concepts")),
        ("and-or", {}, SALIENT.format("ANDs and ORs")),
        ("and-or", {}, APART),
        ("and-or-graph", {}, r"A graph of # patterns misses # % of the squared scores; its explained ratio is #\."),
    ],
)
def test_each_metric_speaks_in_its_own_words(name, options, sentence):
    found = told(name, options=options)
    assert sum(bool(re.fullmatch(sentence.replace("#", NUMBER), one)) for one in found) == 1, found


def test_partitions_are_spoken_of_by_the_symbols_of_the_paper():
    assert [re.sub(NUMBER + " logit", "#", one) for one in told("multivariate", asked={"span": (0, 1, 2)})] == [
        "How the players team up makes a difference of # (T = B_max - B_min, mean of samples).",
        "All of them as one coalition instead of each alone: # (B).",
    ]


@pytest.mark.parametrize("name", ["harsanyi", "concepts"])
def test_the_shares_of_the_sizes_by_hand(name):
    """Dividends 2 of one player, -5 of a pair and 3 of a triple: 20 %, 50 % and 30 %."""
    codes = np.arange(16)
    table = 2.0 * (codes & 1 == 1) - 5.0 * (codes & 3 == 3) + 3.0 * (codes & 7 == 7)
    found = told(name, tables=np.tile(table, (SAMPLES, 1)))
    assert found[0].startswith("A sample has 3.00 ± 0 salient ")
    assert found[1] == "Of the strength, 20 % is in single players, 50 % in pairs, 30 % in larger sets."


DRAWS_PAIRS = ("multi-order", "bottleneck", "dropout-suppression", "shapley-interaction", "strength")


@pytest.mark.parametrize("name", DRAWS_PAIRS)
@pytest.mark.parametrize("budget", [400, 100_000])
def test_the_first_sentence_says_how_few_pairs_the_budget_holds(name, budget):
    """Pairs are counted in the report; of 18 players there are 18 x 17 / 2."""
    n = 18
    sampled = {} if name == "dropout-suppression" else {"estimator": "sampled"}
    measurement = measured(configured(extensions.metric(name), sampled), noise(4), n, 3, budget)
    first, *others = [finding.sentence for finding in measurement.findings]
    pairs = {len({tuple(pair) for pair in own.tolist()}) for own in measurement.of_samples["pairs"].values}
    (n_pairs,) = pairs
    assert (n_pairs < 153) == (budget == 400)
    share = f"({100 * n_pairs / 153:#.2g} %)"
    expected = f"Only {n_pairs} of 153 pairs of a sample are measured {share}: the budget holds no more."
    assert (first == expected) == (n_pairs < 153)
    assert not any(sentence.startswith("Only ") for sentence in others)


def test_sets_and_samples_of_different_sizes_are_counted_too():
    metric = configured(extensions.metric("shapley-interaction"), {"estimator": "sampled", "interaction_size": 3})
    asked = [Question(n, 600, 0, f"text/{n}") for n in (14, 20)]
    results = reduced(metric, noise(1), asked)
    counts = [len(result.estimate.values) for result in results]
    both = replace(cohort(20, 2), n_players=np.array([14, 20]), shared_players=False)
    (first, *_) = metric.aggregate(results, both).findings
    # C(14, 3) and C(20, 3)
    wanted = (
        f"Only {min(counts)} to {max(counts)} of 364 to 1,140 sets of 3"
        if len(set(counts)) > 1
        else (f"Only {counts[0]} of 364 to 1,140 sets of 3")
    )
    assert first.sentence.startswith(f"{wanted} of a sample are measured (")
