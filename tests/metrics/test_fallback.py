"""A surrogate is dropped for all samples of a run, or for none; a gate's twins know which kind of value they square."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from interact_cli.gates.evidence.measured import _moments
from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Reduced
from interact_cli.metrics.fallback import settled
from interact_cli.results import EXPLAINED, Quantity


def reduced(explained: float | None, *, held: bool = False) -> Reduced:
    plain = Estimate("shapley", np.zeros(3), np.ones(3), np.zeros(3, bool), 8, 3)
    otherwise = None if held or explained is None else Reduced(plain, {}, "reused")
    return Reduced(replace(plain, explained=explained), {}, "read off", otherwise)


@pytest.mark.parametrize(
    ("explained", "dropped"),
    [((0.1, 0.1, 0.9), True), ((0.1, 0.9, 0.9), False), ((0.2,), False), ((-3.0,), True), ((np.nan, 0.9), True)],
)
def test_all_samples_or_none(explained, dropped):
    found = settled([reduced(value) for value in explained])
    assert {result.estimator for result in found} == {"reused" if dropped else "read off"}
    assert all((result.estimate.explained is None) == dropped for result in found)


def test_what_is_held_to_or_needed_none_stays():
    assert [result.estimator for result in settled([reduced(0.0, held=True), reduced(None)])] == ["read off"] * 2
    assert [result.estimator for result in settled([reduced(0.0), reduced(None)])] == ["reused", "read off"]


def test_twins_add_what_a_surrogate_does_not_know_and_take_away_noise():
    values = Quantity("values", ("sample", "pair"), np.array([[1.0, 2.0], [3.0, 4.0]]), "1", "", np.full((2, 2), 0.5))
    explained = Quantity(EXPLAINED, ("sample",), np.array([0.9, np.nan]), "1", "")
    side = SimpleNamespace(parts=(values,), measurement=SimpleNamespace(of_samples={EXPLAINED: explained}))
    *_, unbiased = _moments(side, np.array([0, 1]))
    np.testing.assert_allclose(unbiased, [[1.25, 4.25], [8.75, 15.75]])
