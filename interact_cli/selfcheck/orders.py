"""Identities of orders, patterns and dropout, and errata 8 to 12 and 22."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np

from interact_cli.interactions.exact.transforms import zeta
from interact_cli.selfcheck.identity import identity
from interact_cli.selfcheck.subject import Subject, apart, coalitions_of, code, largest, subsets
from interact_cli.types import FloatArray

SHARE_TOLERANCE = 0.05
"""How far a share of random games may be from the recorded one."""
RATIOS_ABOVE_ONE, RATIOS_BELOW_ZERO = 0.25, 0.50
"""As recorded with erratum 22."""
MANY = 60
"""Random games whose ratios are counted."""


@identity("orders by definition", "I^(m) = mean of D_ij v(S) over |S| = m", "Deng et al. (2022), equation 1")
def orders_by_definition(subject: Subject) -> float:
    """Average the second differences over all contexts of each size."""
    wanted = {}
    for pair in subsets(subject.players, 2, 2):
        contexts = subject.contexts(pair)
        sizes, differences = np.bitwise_count(contexts), subject.difference(pair, contexts)
        wanted[pair] = np.array([differences[sizes == m].mean() for m in range(subject.n - 1)])
    return apart(subject.ask("multi-order"), wanted)


@identity("mean over orders", "I = mean_m I^(m); I_B = sum_m C(n-2,m) 2^(2-n) I^(m)", "Zhang et al. (2020)")
def mean_over_orders(subject: Subject) -> float:
    """Average the orders, plainly for Shapley and binomially for Banzhaf."""
    n, orders = subject.n, subject.ask("multi-order")
    shares = np.array([comb(n - 2, m) for m in range(n - 1)]) / 2 ** (n - 2)
    plain = apart(subject.ask("shapley-interaction"), {pair: values.mean() for pair, values in orders.items()})
    return largest(
        plain, apart(subject.ask("banzhaf-interaction"), {pair: shares @ values for pair, values in orders.items()})
    )


@identity("efficiency of orders", "v(N) - v(0) = sum mu + sum_{ordered ij,m} w I^(m)", "Deng et al. (2022), erratum 8")
def efficiency_of_orders(subject: Subject) -> float:
    """Sum over ordered pairs with w; over unordered ones it takes 2 w."""
    n = subject.n
    weights = (n - 1 - np.arange(n - 1)) / (n * (n - 1))
    pairs = 2 * sum(weights @ values for values in subject.ask("multi-order").values())
    return largest(_main_effects(subject) + pairs - subject.gain)


@identity("nested coalitions", "E[v(S2) - r2/r1 v(S1)]; weight peaks at r1 n - 1", "Deng et al. (2022), errata 10, 11")
def nested_coalitions(subject: Subject) -> float:
    """Expect ``v(S2) - (r2/r1) v(S1)`` over random nested S1 in S2 of every two sizes."""
    n, errors = subject.n, []
    means = _means_by_size(subject.table)
    total = 2 * np.sum(list(subject.ask("multi-order").values()), axis=0)
    orders = np.arange(n - 1)
    for small, large in product(range(1, n), range(2, n + 1)):
        if small >= large:
            continue
        rising = (large / small - 1) * (orders + 1)
        weights = np.where(orders <= small - 2, rising, np.maximum(large - orders - 1, 0)) / (n * (n - 1))
        expected = (1 - large / small) * subject.table[0] + weights @ total
        errors += [means[large] - large / small * means[small] - expected, int(weights.argmax()) - (small - 1)]
    return largest(*errors)


@identity("nested, r1 = 0", "with coefficient 1 the main effects stay", "Deng et al. (2022), erratum 12")
def nested_from_nothing(subject: Subject) -> float:
    """At r1 = 0 with coefficient 1 the main effects stay."""
    n = subject.n
    means = _means_by_size(subject.table)
    total = 2 * np.sum(list(subject.ask("multi-order").values()), axis=0)
    errors = []
    for large in range(1, n + 1):
        weights = np.maximum(large - np.arange(n - 1) - 1, 0) / (n * (n - 1))
        errors.append(means[large] - means[0] - large / n * _main_effects(subject) - weights @ total)
    return largest(*errors)


@identity("patterns are dividends", "J^(q) = mean of I(T u ij) over |T| = q", "Zhang et al. (ICLR 2021), equation 4")
def patterns_are_dividends(subject: Subject) -> float:
    """Average the dividends of a pair with every q others."""
    dividends = subject.estimate("harsanyi").values
    wanted = {}
    for pair in subsets(subject.players, 2, 2):
        contexts = subject.contexts(pair)
        found = dividends[contexts | code(pair)]
        wanted[pair] = np.array([found[np.bitwise_count(contexts) == q].mean() for q in range(subject.n - 1)])
    return apart(subject.ask("inference-patterns"), wanted)


@identity("orders from patterns", "I^(s) = sum_q C(s,q) J^(q), and inverted", "Zhang et al. (ICLR 2021), equation 4")
def orders_from_patterns(subject: Subject) -> float:
    """Add up the patterns of an order, and invert the sum."""
    size = subject.n - 1
    ways = np.array([[comb(s, q) for q in range(size)] for s in range(size)], dtype=np.float64)
    signs = (-1.0) ** np.add.outer(np.arange(size), np.arange(size))
    orders, patterns = subject.ask("multi-order"), subject.ask("inference-patterns")
    built = apart(orders, {pair: ways @ values for pair, values in patterns.items()})
    return largest(built, apart(patterns, {pair: (signs * ways) @ values for pair, values in orders.items()}))


@identity("dropout", "E_r I^(r) = sum_q p^q Gamma^(q), r ~ B(s,p)", "Zhang et al. (ICLR 2021), equation 5")
def dropout_shrinks(subject: Subject) -> float:
    """Average the interaction of r ~ Binomial(s, p) survivors, and scale each pattern by p^q."""
    p, size = float(subject.rng.uniform(0.1, 0.9)), subject.n - 1
    binomial = np.array(
        [[comb(s, r) * p**r * (1 - p) ** (s - r) if r <= s else 0.0 for r in range(size)] for s in range(size)]
    )
    scaled = np.array([[comb(s, q) * p**q for q in range(size)] for s in range(size)])
    patterns = subject.ask("inference-patterns")
    return largest(
        *(binomial @ values - scaled @ patterns[pair] for pair, values in subject.ask("multi-order").items())
    )


@identity("one sign shrinks", "0 <= I^(r)/I^(s) <= 1 where all Gamma > 0", "Zhang et al. (ICLR 2021), equation 6")
def one_sign_shrinks(subject: Subject) -> float:
    """Where all dividends are positive no order exceeds a higher one: the ratio lies between 0 and 1."""
    positive = subject.on(zeta(subject.rng.uniform(0.1, 1.0, len(subject.table))))
    ratios = np.stack([_ratios(values) for values in positive.ask("multi-order").values()])
    return largest(ratios - np.clip(ratios, 0.0, 1.0))


@identity(
    "ratios in general",
    "above 1 in 25 %, below 0 in 50 % of games (+- 5 %)",
    "Zhang et al. (ICLR 2021), erratum 22",
    tolerance=SHARE_TOLERANCE,
    games=1,
)
def ratios_above_one(subject: Subject) -> float:
    """Count the ratios above 1 and below 0."""
    games = [subject.on(subject.rng.normal(size=len(subject.table))) for _ in range(MANY)]
    ratios = np.concatenate([_ratios(values) for game in games for values in game.ask("multi-order").values()])
    return largest(np.mean(ratios > 1) - RATIOS_ABOVE_ONE, np.mean(ratios < 0) - RATIOS_BELOW_ZERO)


@identity("groups", "D v(S,A,B) = sum of pairs across A and B", "Zhang et al. (ICLR 2021), section 4")
def groups_of_players(subject: Subject) -> float:
    """Two groups interact by the pairs across, each in a context that holds the earlier players of both."""
    chosen = subject.rng.permutation(subject.n).tolist()
    first, second = chosen[:2], chosen[2:4]
    contexts = coalitions_of(chosen[4:])
    together = subject.merged(first).merged([player_after(first, i) for i in second])
    pair = frozenset({together.n - 2, together.n - 1})
    across = [
        subject.difference([a, b], contexts | code(first[:i]) | code(second[:j]))
        for (i, a), (j, b) in product(enumerate(first), enumerate(second))
    ]
    total = np.sum(across, axis=0)
    sizes = np.bitwise_count(contexts)
    by_order = np.array([total[sizes == m].mean() for m in range(together.n - 1)])
    return largest(together.ask("multi-order")[pair] - by_order)


def player_after(merged: list[int], player: int) -> int:
    """Return the number of a player once some others have become the last one."""
    return player - sum(other < player for other in merged)


def _ratios(values: FloatArray) -> FloatArray:
    fewer, more = np.triu_indices(len(values), 1)
    return values[fewer] / values[more]


def _main_effects(subject: Subject) -> float:
    return float(sum(subject.table[1 << i] - subject.table[0] for i in subject.players))


def _means_by_size(table: FloatArray) -> FloatArray:
    sizes = np.bitwise_count(np.arange(len(table)))
    return np.array([table[sizes == size].mean() for size in range(int(sizes[-1]) + 1)])
