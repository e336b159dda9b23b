"""From the samples' estimates to the arrays of a report: stacking, padding, shared pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from interact_cli.interactions.designs.budgets import PAIR
from interact_cli.interactions.designs.contexts import ContextsBySize, SetContexts
from interact_cli.interactions.designs.full_table import LARGEST_TABLE, FullTable
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.surrogate.by_order import SurrogateByOrder
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interfaces import Cohort, Design, Reduced
from interact_cli.metrics.fallback import REUSE, explained_of
from interact_cli.results import EXPLAINED, Quantity
from interact_cli.types import IntArray

NEAR = 4
"""So many times the budget is near."""
ELSEWHERE = "; elsewhere "
"""Between the estimators of different samples."""


def stacked(arrays: Sequence[np.ndarray], fill: float) -> np.ndarray:
    """Stack arrays along a new first axis, padding each axis to the longest with ``fill``."""
    shape = tuple(max(sizes) for sizes in zip(*[array.shape for array in arrays], strict=True))
    out = np.full((len(arrays), *shape), fill, dtype=arrays[0].dtype)
    for row, array in zip(out, arrays, strict=True):
        row[tuple(slice(size) for size in array.shape)] = array
    return out


def values_quantity(estimates: Sequence[Estimate], dims: tuple[str, ...], unit: str, meaning: str) -> Quantity:
    """Return the samples' own values with standard errors and exactness."""
    return Quantity(
        "values",
        ("sample", *dims),
        stacked([estimate.values for estimate in estimates], np.nan),
        unit,
        meaning,
        standard_errors=stacked([estimate.standard_errors for estimate in estimates], np.nan),
        exact=stacked([estimate.exact for estimate in estimates], fill=False),
    )


def pairs_quantity(estimates: Sequence[Estimate]) -> Quantity:
    """Return which two players each pair of each sample is."""
    pairs = stacked([pairs_of(estimate) for estimate in estimates], -1)
    return Quantity("pairs", ("sample", "pair", "member"), pairs, "1", "the two players of each pair; -1 where none")


def pairs_of(estimate: Estimate) -> IntArray:
    """Return the pairs of a pair estimate, ``(pair, 2)``."""
    if estimate.pairs is None:
        raise ValueError(f"'{estimate.index}' has no pairs")
    return estimate.pairs


def shared_pairs(estimates: Sequence[Estimate], cohort: Cohort) -> IntArray | None:
    """Return the pairs if every sample has the same ones of the same players, else None."""
    first = pairs_of(estimates[0])
    same = cohort.shared_players and all(np.array_equal(first, pairs_of(estimate)) for estimate in estimates)
    return first if same else None


def estimators(results: Sequence[Reduced]) -> str:
    """Say in words how the samples' values were obtained: one sample of each kind, exact or sampled, stands for all."""
    different = list(dict.fromkeys(result.estimator for result in results))
    kinds = {_kind(estimator): estimator for estimator in reversed(different)}
    shown = [estimator for estimator in different if estimator in kinds.values()]
    alike = ", and alike for other numbers of players"
    said = ELSEWHERE.join(shown) + (alike if len(different) > len(shown) else "")
    explained = explained_of(results)
    if np.isnan(explained).all():
        return said
    least, most = np.nanmin(explained), np.nanmax(explained)
    spread = f" ({least:.2f} to {most:.2f})" if len(explained) > 1 else ""
    told = f"of values that it was not given it explains R2 = {np.nanmedian(explained):.2f}{spread}"
    raised = sum(result.estimate.raised for result in results)
    if raised:
        told += f"; for {raised:,} of {len(results):,} samples it could be computed only after it was made smoother"
    return f"{said}; {told}"


def drawn_alike(estimator: str) -> bool:
    """Whether `estimators` says that all samples were drawn by one kind of estimator, but for those that are exact."""
    return len({_kind(part) for part in estimator.split(ELSEWHERE)} - {"exact"}) == 1


def _kind(estimator: str) -> str:
    return re.split("[:,]", estimator)[0]


def explained_quantity(results: Sequence[Reduced]) -> tuple[Quantity, ...]:
    """Return how much a surrogate explains of each sample; nothing where there is none."""
    explained = explained_of(results)
    if np.isnan(explained).all():
        return ()
    text = "R2 of left out values under the surrogate: 1 where the others tell them, 0 where their mean does as well"
    return (Quantity(EXPLAINED, ("sample",), explained, "1", text),)


def estimator_of(design: Design) -> str:
    """Say in words how a design obtains its values, and what would make them exact where that is near."""
    said = _obtained(design)
    if isinstance(design, SetContexts | Surrogate | SurrogateByOrder):
        n = design.n_players
        if n <= LARGEST_TABLE and 2**n <= NEAR * len(design.asked):
            said += f" (2^{n} = {2**n:,}: --budget {2**n} would make all exact)"
    return said


def _obtained(design: Design) -> str:
    if isinstance(design, FullTable):
        return f"exact: all {2**design.n_players} coalitions of the sample"
    if isinstance(design, ContextsBySize):
        return f"dividends of all smaller sets, exactly; {_obtained(design.sizes[-1])}"
    if isinstance(design, SetContexts):
        return _estimator_of_contexts(design)
    if isinstance(design, SurrogateByOrder):
        n_exact = sum(bool(part.exact.all()) for part in design.parts)
        exact = f", {n_exact} of {len(design.orders)} orders exact" if n_exact else ""
        return f"{_obtained(design.parts[0])}{exact}"
    if isinstance(design, Surrogate):
        return _of_surrogate(design)
    return f"{type(design).__name__.lower()}, {len(design.asked)} coalitions asked per sample"


def _of_surrogate(design: Surrogate) -> str:
    if design.reuse:
        return f"{REUSE}: every value counts for every set, {len(design.asked):,} coalitions per sample"
    second = f" and, where they tell more, {design.learns.name} of what it leaves" if design.learns else ""
    return f"surrogate: all values read off a Gaussian process{second}, {len(design.asked):,} coalitions per sample"


def _estimator_of_contexts(design: SetContexts) -> str:
    drawn = [stratum.n_contexts for stratum in design.strata if not stratum.exact]
    n_exact = len(design.strata) - len(drawn)
    at_orders = f", {n_exact} of {len(design.strata)} orders exact" if design.strata[0].order is not None else ""
    contexts = f"{max(drawn)} drawn contexts each" if drawn else "all contexts"
    n_bands = sum(stratum.order is None for stratum in design.strata[1:])
    contexts += f", as many again in each of {n_bands} ranges of keep rates" if n_bands else ""
    n_sets, size = design.sets.shape
    some = "" if design.candidates in {None, n_sets} else f" of {design.candidates:,}"
    what = ("pair" if size == PAIR else "set") + ("s" if n_sets > 1 or some else "")
    of_size = "" if size == PAIR else f" of {size}"
    terms = "four" if size == PAIR else str(2**size)
    return f"{terms}-term contexts: {n_sets}{some} {what}{of_size} per sample, {contexts}{at_orders}"
