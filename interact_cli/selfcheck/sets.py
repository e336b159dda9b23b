"""Identities of dividends and of the indices of players and sets, and errata 1 to 6."""

from __future__ import annotations

from math import comb, factorial

import numpy as np

from interact_cli.games.closed_form import Members
from interact_cli.selfcheck.identity import identity
from interact_cli.selfcheck.subject import Subject, apart, coalitions_of, code, largest, subsets
from interact_cli.types import FloatArray, IntArray


@identity("Shapley weights", "phi(i) = sum_S s!(n-s-1)!/n! [v(S+i) - v(S)]", "Zhou et al. (2024), erratum 1")
def shapley_weights(subject: Subject) -> float:
    """Weigh every marginal contribution by ``s! (n-s-1)! / n!``."""
    n = subject.n
    weights = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    return apart(subject.ask("shapley"), {frozenset({i}): _weighed(subject, {i}, weights) for i in subject.players})


@identity("Banzhaf means", "psi(i), I_B(ij): plain means over all S", "Zhang et al. (ICLR 2021), section 3")
def banzhaf_means(subject: Subject) -> float:
    """Average every marginal contribution, and every difference of a pair."""
    n = subject.n
    errors = []
    for index, size in (("banzhaf", 1), ("banzhaf-interaction", 2)):
        wanted = {
            some: _weighed(subject, some, np.full(n, 0.5 ** (n - size)))
            for some in subsets(subject.players, size, size)
        }
        errors.append(apart(subject.ask(index), wanted))
    return largest(*errors)


@identity("interaction weights", "t!(n-t-a)!/(n-a+1)!, which sum to 1; a = 1..4", "Zhou et al. (2024), erratum 2")
def interaction_weights(subject: Subject) -> float:
    """Weigh the differences of sets of 1 to 4 players by ``t! (n-t-a)! / (n-a+1)!``; the weights sum to 1."""
    n, errors = subject.n, []
    for a in range(1, 5):
        weights = np.array([factorial(t) * factorial(n - t - a) / factorial(n - a + 1) for t in range(n - a + 1)])
        wanted = {some: _weighed(subject, some, weights) for some in subsets(subject.players, a, a)}
        total = sum(comb(n - a, t) * weight for t, weight in enumerate(weights))
        errors += [apart(_shapley(subject, a), wanted), total - 1]
    return largest(*errors)


@identity("faithfulness", "v(L) = sum_{S in L} I(S), all L", "Zhou et al. (2024), section 2")
def faithfulness(subject: Subject) -> float:
    """Add up the dividends inside every coalition."""
    dividends = _dividends(subject)
    return largest(
        *(dividends[coalitions_of(some)].sum() - subject.table[code(some)] for some in subsets(subject.players))
    )


@identity("values from dividends", "phi(i) = sum_T I(T+i)/(t+1); psi(i): 2^-t", "Harsanyi (1963)")
def players_from_dividends(subject: Subject) -> float:
    """Share every dividend equally among its players; for Banzhaf, halve it for every further player."""
    dividends, players = _dividends(subject), list(subsets(subject.players, 1, 1))
    wanted = {some: _shared(subject, dividends, some) for some in players}
    halves = {some: _over(subject, dividends, some, _halves(subject.n)) for some in players}
    return largest(apart(_shapley(subject, 1), wanted), apart(subject.ask("banzhaf"), halves))


@identity("sets from dividends", "I_Sh(A) = sum_T I(A u T)/(t+1); I_B(A): 2^-t", "Grabisch & Roubens (1999)")
def interactions_from_dividends(subject: Subject) -> float:
    """Share the dividends of all supersets of a set of 2 or 3."""
    dividends, errors = _dividends(subject), []
    for a in (2, 3):
        sets = list(subsets(subject.players, a, a))
        errors.append(apart(_shapley(subject, a), {some: _shared(subject, dividends, some) for some in sets}))
        halves = {some: _over(subject, dividends, some, _halves(subject.n)) for some in sets}
        errors.append(apart(subject.ask("banzhaf-interaction", interaction_size=a), halves))
    return largest(*errors)


@identity("recursive, dividends", "I(S+i) = I(S | i present) - I(S)", "Zhou et al. (2024), section 2")
def recursion_of_dividends(subject: Subject) -> float:
    """Take the dividends with the last player present from those with it absent."""
    last = subject.n - 1
    absent, present = (_dividends(subject.without([last], present=there)) for there in (False, True))
    return largest(_dividends(subject)[1 << last :] - (present - absent))


@identity(
    "recursive, interactions", "I_Sh(S+i) = I_Sh(S | i) - I_Sh(S | no i), i not in S", "Zhou et al. (2024), erratum 5"
)
def recursion_of_interactions(subject: Subject) -> float:
    """Take the interactions of S with the last player, not in S, present from those with it absent."""
    last, errors = subject.n - 1, []
    absent, present = subject.without([last]), subject.without([last], present=True)
    for a in (1, 2):
        with_it, without = _shapley(present, a), _shapley(absent, a)
        joint = _shapley(subject, a + 1)
        errors.append(largest(*(joint[some | {last}] - (with_it[some] - without[some]) for some in with_it)))
    return largest(*errors)


@identity(
    "recursive over subsets", "I_Sh(S) = phi([S]) - sum_{proper L} I_Sh(L | N-S+L)", "Zhou et al. (2024), erratum 4"
)
def recursion_over_proper_subsets(subject: Subject) -> float:
    """Take from the value of the merged set S the interactions of its proper subsets among those outside S."""
    errors = []
    for size in (2, 3):
        some = frozenset(subject.run_of_players(size))
        merged = subject.merged(some)
        whole = float(merged.ask("shapley")[frozenset({merged.n - 1})])
        parts = sum(interaction_among(subject, part, some) for part in subsets(some, 1, size - 1))
        errors.append(_shapley(subject, size)[some] - (whole - parts))
    return largest(*errors)


@identity("merged player", "I([S] u T) = sum_{L in S} I(L u T) gives phi([S])", "Zhou et al. (2024), erratum 3")
def dividends_of_a_merged_player(subject: Subject) -> float:
    """A merged player's dividends sum the original ones over its non-empty parts; they give its Shapley value."""
    some = frozenset(subject.run_of_players(3))
    merged = subject.merged(some)
    dividends, own = _dividends(subject), _dividends(merged)
    others = subject.contexts(some)
    wanted = dividends[coalitions_of(some)[1:, None] | others].sum(axis=0)
    shared = (own[len(others) :] / (1 + np.bitwise_count(np.arange(len(others))))).sum()
    return largest(own[len(others) :] - wanted, merged.ask("shapley")[frozenset({merged.n - 1})] - shared)


@identity("pair by presence", "I(ij) = phi(i | j present) - phi(i | j absent)", "Zhang et al. (ICLR 2021), equation 2")
def pairs_by_presence(subject: Subject) -> float:
    """A pair's interaction is what i gains in value by the presence of j."""
    pairs = _shapley(subject, 2)
    i, last = int(subject.rng.integers(subject.n - 1)), subject.n - 1
    present, absent = (subject.without([last], present=there).ask("shapley")[frozenset({i})] for there in (True, False))
    return largest(pairs[frozenset({i, last})] - (present - absent))


@identity("pair by merging", "I(ij) = phi([ij]) - phi(i | N-j) - phi(j | N-i)", "Zhang et al. (ICLR 2021), equation 2")
def pairs_by_merging(subject: Subject) -> float:
    """A pair's interaction is its value as one player, less that of each without the other."""
    i, j = sorted(subject.rng.choice(subject.n, 2, replace=False).tolist())
    merged = subject.merged([i, j])
    together = merged.ask("shapley")[frozenset({merged.n - 1})]
    without_j, without_i = subject.without([j]), subject.without([i])
    alone = without_j.ask("shapley")[frozenset({i})] + without_i.ask("shapley")[frozenset({j - 1})]
    return largest(_shapley(subject, 2)[frozenset({i, j})] - (together - alone))


@identity("mean pair", "mean of I(ij) from 2n + 2 coalitions", "derived")
def mean_pair(subject: Subject) -> float:
    """The mean pair interaction follows from the 2n + 2 smallest and largest coalitions."""
    n, v = subject.n, subject.table
    ends = [v[-1] - v[len(v) - 1 - (1 << i)] - v[1 << i] + v[0] for i in subject.players]
    return largest(np.mean(list(_shapley(subject, 2).values())) - np.mean(ends) / (n - 1))


@identity("OR rebuilds v", "v(T) = I_or(0) + sum_{S meets T} I_or(S)", "code of Zhou et al. (2024)")
def or_rebuilds(subject: Subject) -> float:
    """Add up the OR interactions of all sets that meet a coalition."""
    values = subject.estimate("or-interaction").values
    codes = np.arange(len(values))
    rebuilt = [values[0] + values[codes & coalition != 0].sum() for coalition in codes]
    return largest(np.array(rebuilt) - subject.table)


@identity("OR is dual", "I_or(S) = -I(S) of v(N - S)", "code of Zhou et al. (2024)")
def or_is_dual(subject: Subject) -> float:
    """OR interactions are minus the dividends of ``v(N - S)``."""
    dual = -_dividends(subject.on(subject.table[::-1]))
    return largest(subject.estimate("or-interaction").values[1:] - dual[1:])


@identity("Shapley-Taylor", "top: sum_T I(A u T)/C(t+k,k); below it I(A)", "Dhamdhere, Agarwal & Sundararajan (2020)")
def taylor(subject: Subject) -> float:
    """Below the top size dividends; at it the dividends of all supersets, each split among its subsets of that size."""
    dividends, errors = _dividends(subject), []
    for top in (1, 2, 3):
        shares = np.array([1 / comb(size + top, top) for size in range(subject.n)])
        wanted = {some: dividends[code(some)] for some in subsets(subject.players, 0, top - 1)}
        wanted |= {some: _over(subject, dividends, some, shares) for some in subsets(subject.players, top, top)}
        errors.append(apart(subject.ask("shapley-taylor", interaction_size=top), wanted))
    return largest(*errors)


@identity("k-Shapley", "phi(i) - 1/2 sum_j I(ij), and I(ij)", "Bordt & von Luxburg (2023)")
def k_shapley(subject: Subject) -> float:
    """Up to pairs: a pair's Shapley interaction, and a player's value less half of every pair it is in."""
    pairs, alone = _shapley(subject, 2), _shapley(subject, 1)
    wanted = {frozenset[int](): subject.table[0], **pairs}
    wanted |= {i: value - sum(pairs[pair] for pair in pairs if i < pair) / 2 for i, value in alone.items()}
    return apart(subject.ask("k-shapley", interaction_size=2), wanted)


@identity("faithful Banzhaf", "residual orthogonal to products of <= k players", "Tsai, Yeh & Ravikumar (2023)")
def faithful_banzhaf(subject: Subject) -> float:
    """The residual of the nearest polynomial is orthogonal to every product of at most k players."""
    residual = subject.table - _polynomial(subject, "faithful-banzhaf", 2)
    return largest(
        *(
            residual[coalitions_of(subject.players) & code(some) == code(some)].sum()
            for some in subsets(subject.players, 0, 2)
        )
    )


@identity("faithful Shapley", "the same, weighed; no residual at 0 and N", "Tsai, Yeh & Ravikumar (2023)")
def faithful_shapley(subject: Subject) -> float:
    """As there with Shapley's weights; the multiplier of the exact end v(N) is the same for every product."""
    n, codes = subject.n, coalitions_of(subject.players)
    weights = np.array([0.0, *((n - 1) / (comb(n, s) * s * (n - s)) for s in range(1, n)), 0.0])[
        np.bitwise_count(codes)
    ]
    residual = subject.table - _polynomial(subject, "faithful-shapley", 2)
    moments = [(weights * residual)[codes & code(some) == code(some)].sum() for some in subsets(subject.players, 1, 2)]
    return largest(residual[[0, -1]], np.ptp(moments))


def interaction_among(subject: Subject, part: Members, members: Members) -> float:
    """``I_Sh(L | N - A u L)``: the interaction of L where the rest of A is absent."""
    game = subject.without(members - part)
    kept = [player for player in subject.players if player not in members - part]
    renamed = frozenset(kept.index(player) for player in part)
    return float(_shapley(game, len(part))[renamed])


def _shapley(subject: Subject, size: int) -> dict[Members, FloatArray]:
    return dict(subject.ask("shapley") if size == 1 else subject.ask("shapley-interaction", interaction_size=size))


def _dividends(subject: Subject) -> FloatArray:
    return subject.estimate("harsanyi").values


def _weighed(subject: Subject, members: Members | set[int], by_size: FloatArray) -> float:
    contexts = subject.contexts(members)
    return float(by_size[_sizes(contexts)] @ subject.difference(members, contexts))


def _over(subject: Subject, dividends: FloatArray, members: Members, by_size: FloatArray) -> float:
    """Sum the dividends of all supersets, weighed by how many more players they have."""
    contexts = subject.contexts(members)
    return float(by_size[_sizes(contexts)] @ dividends[contexts | code(members)])


def _shared(subject: Subject, dividends: FloatArray, members: Members) -> float:
    return _over(subject, dividends, members, 1 / np.arange(1, subject.n + 1))


def _halves(n: int) -> FloatArray:
    return np.ldexp(1.0, -np.arange(n))


def _sizes(codes: IntArray) -> IntArray:
    return np.bitwise_count(codes).astype(np.int64)


def _polynomial(subject: Subject, index: str, degree: int) -> FloatArray:
    """Evaluate ``p(S) = sum_{T in S} value(T)`` on all coalitions."""
    values = subject.ask(index, interaction_size=degree)
    codes = coalitions_of(subject.players)
    total: FloatArray = sum(value * (codes & code(some) == code(some)) for some, value in values.items()) + np.zeros(
        len(codes)
    )
    return total
