"""All checks, one after another."""

from __future__ import annotations

from interact_cli.progress import Progress
from interact_cli.selfcheck import axioms, decompositions, multivariate, orders, sets
from interact_cli.selfcheck.accuracy import check_accuracy
from interact_cli.selfcheck.checks import Check, Measure
from interact_cli.selfcheck.closed_forms import check_closed_forms
from interact_cli.selfcheck.identity import check_identities, stated_in

IDENTITIES = stated_in(axioms, sets, orders, multivariate, decompositions)
FULL, QUICK = (10_000, 500), (500, 50)
"""Models per data set: partitioned by enumeration and by the baselines; by learning."""


def run(measure: Measure, told: Progress, *, n_exact: int, n_learned: int, seed: int = 0) -> list[Check]:
    """Check the package against the known answers, the axioms and the closed forms.

    Args:
        measure: ``measure(game, index, **options)``, the one that users call.
        told: Hears how far the work is.
        n_exact: Models per data set that are partitioned by enumeration and by the baselines.
        n_learned: Models per data set, the first ones, that are partitioned by learning.
        seed: Seed of the models and of the random games.
    """
    return [
        *check_accuracy(measure, told, n_exact=n_exact, n_learned=n_learned, seed=seed),
        *check_identities(IDENTITIES, measure, told, seed),
        *check_closed_forms(measure, told, seed),
    ]
