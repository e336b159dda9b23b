"""A/A noise: one checkpoint, two plan seeds; what is exact has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.gate_reports import made, with_provenance, with_question

from interact_cli.errors import NotComparable
from interact_cli.gates import noise
from interact_cli.gates.compare import compare


def noise_of(first, second, **options):
    every = {(one.key, quantity.name) for one in first.measurements for quantity in one.summary}
    return noise.noise_of(first, second, **{"only": every, **options})


SMALL: dict[str, Any] = {"n_samples": 30, "metrics": ("multi-order", "shapley")}


def test_noise_is_the_farther_end_of_the_interval_of_the_difference():
    first, second = made(**SMALL), made(seed=1, **SMALL)
    noises = noise_of(first, second, resamples=2000)
    rows = compare(first, second, plans_may_differ=True, resamples=2000).differences

    for (metric, quantity), of in noises.items():
        own = [row for row in rows if (row.metric, row.quantity) == (metric, quantity)]
        assert of.ravel().tolist() == [max(abs(row.low), abs(row.high)) for row in own]
    assert noises["multi-order", "mean_abs"].shape == (7,)
    assert ("multi-order", "pair_mean_abs") not in noises, "by another seed, other pairs are drawn"
    assert noises["shapley", "mean"].shape == (8,)
    assert (noises["multi-order", "mean_abs"] > 0).all()


def test_an_exact_plan_has_no_noise_though_its_seed_differs():
    exact = {**SMALL, "n_players": 4, "budget": 16, "pairs": "all"}
    noises = noise_of(made(**exact), made(seed=1, **exact), resamples=2000)

    assert noises
    assert all((of == 0).all() for of in noises.values())


def test_noise_shrinks_with_the_budget():
    """Twice the contexts, half the variance of what the draws add; pairs are fixed, so only the contexts differ."""
    sizes = []
    for budget in (150, 240):
        one, other = (made(n_samples=60, metrics=("shapley",), seed=seed, budget=budget) for seed in (0, 1))
        sizes.append(noise_of(one, other, resamples=2000)["shapley", "mean_abs"].mean())

    assert sizes[1] < sizes[0]


def test_only_what_is_asked_for():
    wanted = {("shapley", "mean"), ("multi-order", "gone"), ("absent", "mean")}
    noises = noise_of(made(**SMALL), made(seed=1, **SMALL), only=wanted, resamples=2000)

    assert noises.keys() == {("shapley", "mean")}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scale": 1.1}, "noise: checkpoint sha256"),
        ({"seed": 0}, "noise: plan seed"),
        ({"budget": 200}, "noise: plan: budget"),
        ({"picked": tuple(range(29))}, "noise: samples"),
    ],
)
def test_anything_but_the_seed_is_refused(changed: dict[str, Any], said: str):
    with pytest.raises(NotComparable) as refusal:
        noise_of(made(**SMALL), made(**{**SMALL, "seed": 1, **changed}))

    assert said in str(refusal.value)
    assert refusal.value.exit_code == 3


def test_a_report_that_does_not_say_its_checkpoint_tells_no_noise():
    first, second = (with_provenance(made(seed=seed, **SMALL), checkpoint={}) for seed in (0, 1))
    with pytest.raises(NotComparable, match="not stated"):
        noise_of(first, second)
    bare = with_question(made(**SMALL), {"plan.seed": None})
    with pytest.raises(NotComparable, match="noise: plan seed"):
        noise_of(bare, bare)


def test_noise_is_finite_where_there_are_samples_enough():
    first, second = made(**SMALL), made(seed=1, **SMALL)
    few = [made(**{**SMALL, "n_samples": 19, "seed": seed}) for seed in (0, 1)]

    finite = [np.isfinite(of).mean() for of in noise_of(first, second, resamples=2000).values()]
    assert np.mean(finite) > 0.9
    assert all(np.isnan(of).all() for of in noise_of(*few, resamples=2000).values())
