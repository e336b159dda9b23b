"""What each sample contributes to the numbers of dropout: the per-sample quantities of `dropout-suppression`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interfaces import Reduced
from interact_cli.metrics.summaries.axes import OrderAxis
from interact_cli.results import Quantity
from interact_cli.types import FloatArray

SHARES = {
    "one_sign": (
        "has_signs",
        "share of pairs and orders s >= 1 whose Gamma^(q)(i,j|s), q = 0..s, all share a sign",
        "share of pairs and orders whose patterns share a sign",
    ),
    "above_one": (
        "has_ratios",
        "share of E_r I_drop / I^(s) above 1, over pairs and orders s >= 1",
        "share whose I grows under dropout (ratio above 1)",
    ),
    "negative": (
        "has_ratios",
        "share of E_r I_drop / I^(s) below 0, over pairs and orders s >= 1",
        "share whose I changes its sign under dropout",
    ),
    "stronger": (
        "has_ratios",
        "share of pairs and orders s >= 1 with |E_r I_drop| > |I^(s)|",
        "share whose |I| grows under dropout",
    ),
    "median_ratio": (
        "has_ratios",
        "median of E_r I_drop / I^(s) over pairs and orders s >= 1",
        "median of I under dropout / I",
    ),
    "survivors_above_one": (
        "has_survivors",
        "share of I^(r) / I^(s) above 1, over pairs and r < s",
        "I of r survivors / I of s: share above 1",
    ),
    "survivors_negative": (
        "has_survivors",
        "share of I^(r) / I^(s) below 0, over pairs and r < s",
        "I of r survivors / I of s: share below 0",
    ),
    "survivors_stronger": (
        "has_survivors",
        "share of pairs and r < s with |I^(r)| > |I^(s)|",
        "I of r survivors: share stronger than I of s",
    ),
}
"""What is counted in each sample: what the sample must have for it, what it means, what a reader calls it; the summary
is the mean over those."""
HAS = {
    "has_signs": "Gammas whose signs mean something",
    "has_ratios": "a ratio E_r I_drop / I^(s) above rounding",
    "has_survivors": "a ratio I^(r) / I^(s) above rounding",
}
LEAST = "what mean |I| has to exceed: the largest rounding of the forward passes of any sample"


def left_by_order(results: Sequence[Reduced], axis: OrderAxis, unit: str, under: str) -> Quantity:
    """Return mean |E_r I_drop| of each sample by order."""
    left = axis.aligned([np.abs(result.extras["predicted"]).mean(axis=-1) for result in results])
    text = f"mean |E_r I_drop^(s)|, {under}, over the pairs of the sample"
    return Quantity("absolute_dropout", ("sample", axis.dim), left, unit, text)


def least_by_order(results: Sequence[Reduced], axis: OrderAxis, unit: str) -> Quantity:
    """Return below what there is no ratio, the same for every sample and order."""
    least = np.full(axis.picks.shape, _rounding(results))
    return Quantity("least_by_order", ("sample", axis.dim), least, unit, f"at every order {LEAST}")


def above_order_0(results: Sequence[Reduced], unit: str, under: str) -> tuple[Quantity, ...]:
    """Return mean |I| with and without dropout over pairs and orders >= 1, their rounding, and who has such orders."""
    known = np.array([float(len(result.estimate.values) > 1) for result in results])
    parts = [(result.extras["predicted"], result.estimate.values) for result in results]
    left, whole = np.array(
        [[np.abs(part[1:]).mean() if len(part) > 1 else 0.0 for part in pair] for pair in parts], dtype=np.float64
    ).T
    dims, over = ("sample",), "over the pairs and orders >= 1 of the sample; 0 where there are none"
    return (
        Quantity("own_left", dims, left, unit, f"mean |E_r I_drop|, {under}, {over}"),
        Quantity("own_whole", dims, whole, unit, f"mean |I|, {over}"),
        Quantity("least", dims, np.full(len(results), _rounding(results)), unit, LEAST),
        Quantity("has_orders", dims, known, "1", "1 where the sample has orders above 0, else 0"),
    )


def shares_of(results: Sequence[Reduced]) -> dict[str, tuple[Quantity, Quantity]]:
    """Return of each of `SHARES` what was counted in each sample, and in which samples it could be."""
    counts = dict(zip(SHARES, np.stack([result.extras["shares"] for result in results]).T, strict=True))
    return {
        name: _where_known(counts[name], f"own_{name}", meaning, has, f"has {HAS[has]}")
        for name, (has, meaning, _) in SHARES.items()
    }


def quantiles_of(results: Sequence[Reduced]) -> tuple[Quantity, Quantity]:
    """Return the quantiles of the ratios of each sample, and in which samples there are any."""
    quantiles = np.stack([result.extras["quantiles"] for result in results])
    meaning, has = "quantiles of E_r I_drop / I^(s) of the sample", "has_ratio_quantiles"
    return _where_known(quantiles, "own_ratio_quantiles", meaning, has, f"has {HAS['has_ratios']}", ("quantile",))


def _where_known(
    numbers: FloatArray, name: str, meaning: str, has: str, condition: str, dims: tuple[str, ...] = ()
) -> tuple[Quantity, Quantity]:
    """Return numbers with 0 in the place of NaN, and 1 where there is a number: the parts of `mean_of_known`."""
    known, axes = np.isfinite(numbers), ("sample", *dims)
    return (
        Quantity(name, axes, np.where(known, numbers, 0.0), "1", f"{meaning}; 0 where there is none"),
        Quantity(has, axes, known.astype(np.float64), "1", f"1 where the sample {condition}, else 0"),
    )


def _rounding(results: Sequence[Reduced]) -> float:
    return max(float(result.extras["rounding"]) for result in results)
