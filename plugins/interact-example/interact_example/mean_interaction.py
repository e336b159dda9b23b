"""``--metric mean-interaction``: how much each player interacts with the others on average, from 2n + 2 evaluations.

One Shapley interaction I(i,j) needs contexts of every size. Its mean over the partners j of a player does not: by
the recursive axiom a pair's interaction is what j is worth with i present minus what j is worth without i, and by
efficiency these worths add up to differences of the ends,

``mean over j of I(i,j) = [ v(N) - v(N - i) - v({i}) + v(empty) ] / (n - 1)``.

So the mean is exact for any number of players, at the price of two evaluations for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import pack, unique
from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Cohort, Design, Metric, Question, Reduced
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.tables import values_quantity
from interact_cli.options import option
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.types import FloatArray, PackedArray
from interact_cli.words import described


@dataclass(frozen=True)
class Ends:
    """The coalitions in which at most one player is present, or at most one is absent."""

    n_players: int

    @property
    def asked(self) -> PackedArray:
        """``(2n + 2, bytes)``: nobody, each player alone, everybody, everybody but each player."""
        n = self.n_players
        few = np.concatenate([np.zeros((1, n), dtype=np.bool_), np.eye(n, dtype=np.bool_)])
        return pack(np.concatenate([few, ~few]))

    @property
    def evaluations(self) -> int:
        """Distinct coalitions: 2n + 2, but 4 for two players."""
        return len(unique(self.asked)[0])

    def estimate(self, values: FloatArray) -> Estimate:
        """Reduce ``(2n + 2,)`` values, in the order of ``asked``, to one mean per player, ``(n,)``.

        Example:
            >>> Ends(2).estimate(np.array([0.0, 1.0, 2.0, 10.0, 2.0, 1.0])).values.tolist()
            [7.0, 7.0]
        """
        (empty, *alone), (full, *without) = values.reshape(2, self.n_players + 1)
        means = (full - np.array(without) - np.array(alone) + empty) / (self.n_players - 1)
        return Estimate(
            index="mean-interaction",
            values=means,
            standard_errors=np.zeros_like(means),
            exact=np.ones(means.shape, dtype=np.bool_),
            evaluations=self.evaluations,
            n_players=self.n_players,
        )


@dataclass(frozen=True, kw_only=True)
class MeanInteraction(Metric):
    """How much each player interacts with the others on average: above 0 they help each other, below 0 they overlap.

    Source: Grabisch & Roubens (1999), https://doi.org/10.1007/s001820050125: recursive axiom, with efficiency.
    """

    name: str = "mean-interaction"
    source: str = "Grabisch & Roubens (1999): recursive axiom, with efficiency"
    formula: str = "mean over j of I(i,j) = [ v(N) - v(N - i) - v({i}) + v(empty) ] / (n - 1)"
    cost: str = "2n + 2 coalitions of each sample, for any number of players; nothing is sampled"
    relative: bool = option(
        default=False, help="Divide by what all players together change the score, |v(N) - v(empty)|."
    )

    def design(self, question: Question) -> Design:
        """Ask for the ends; a published protocol changes nothing, because nothing is sampled.

        Raises:
            UsageError: fewer than two players.
            BudgetError: the budget is smaller than the ends.
        """
        n = question.n_players
        if n < 2:
            raise UsageError(f"'{self.name}' needs at least 2 players, got {n}. Choose finer players.")
        design = Ends(n)
        if design.evaluations > question.budget:
            raise BudgetError(
                f"'{self.name}' needs {design.evaluations} evaluations for {n} players, got a budget of "
                f"{question.budget}. Pass --budget {design.evaluations}."
            )
        return design

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Keep one mean per player of this sample."""
        del question
        estimate = design.estimate(values)
        if self.relative:
            empty, full = values.reshape(2, -1)[:, 0]
            estimate = replace(estimate, values=estimate.values / (abs(full - empty) or np.nan))
        return Reduced(estimate, estimator="exact, from at most one player present or absent")

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Average over the samples, with standard errors and intervals by resampling them."""
        estimates, unit = [result.estimate for result in results], "1" if self.relative else cohort.unit
        values = values_quantity(estimates, ("player",), unit, "mean over the partners j of I(i,j)")
        own_means = np.array([estimate.values.mean() for estimate in estimates])
        own_mean = Quantity("own_mean", ("sample",), own_means, unit, "mean of I(i,j) over ordered pairs")
        resampler = Resampler.over(cohort, self.name)
        overall = resampler.summarise("mean", own_mean).quantity(
            "mean_over_pairs", "mean of I(i,j) over ordered pairs and samples", "mean interaction", "headline"
        )
        summary, findings = [overall], [self._told(overall)]
        if cohort.shared_players:
            text = "mean of I(i,j) over the partners j and samples"
            by_player = resampler.summarise("mean", values)
            summary.append(by_player.quantity("mean", text, "with the others", "by-pair"))
        return self.measurement(
            results[0].estimator,
            per_sample=(values, own_mean),
            summary=summary,
            findings=findings,
            notes=("Interactions of opposite sign cancel in a mean; 'strength' measures their size.",),
        )

    def _told(self, overall: Quantity) -> Finding:
        """Say which way the interactions go, where an interval shows it."""
        amount = described(overall)
        if not np.isfinite(overall.values):
            return Finding("", "No share to tell: in some sample all players together change nothing.")
        if overall.low is None or overall.high is None:
            return Finding("", f"Two players interact by {amount} on average.", says=(overall.name,))
        word = "help each other" if overall.low > 0 else "overlap" if overall.high < 0 else "not distinguishable"
        shown = "neither help each other nor overlap measurably" if word == "not distinguishable" else word
        return Finding(word, f"On average two players {shown}: by {amount}.", says=(overall.name,))
