"""Every index, broken on purpose, is caught by an identity and by a closed form; unbroken, everything passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from interact_cli.api import measure
from interact_cli.interactions.estimate import Estimate
from interact_cli.selfcheck import accuracy, closed_forms, identity
from interact_cli.selfcheck.accuracy import check_accuracy
from interact_cli.selfcheck.axioms import INDICES
from interact_cli.selfcheck.checks import Accuracy, Agreement, Check
from interact_cli.selfcheck.closed_forms import check_closed_forms
from interact_cli.selfcheck.identity import check_identities
from interact_cli.selfcheck.run import IDENTITIES, run

NAMES = (*dict.fromkeys(index for index, _ in INDICES), "multivariate")


class Silent:
    """Progress that nobody hears."""

    def start(self, label: str, total: int, unit: str) -> None: ...
    def advance(self, done: int) -> None: ...
    def finish(self) -> None: ...
    def note(self, message: str) -> None: ...
    def warn(self, message: str) -> None: ...


@pytest.fixture(autouse=True)
def few_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "SIZES", (6,))
    monkeypatch.setattr(closed_forms, "N_PLAYERS", (6,))


EXACT = tuple(replace(one, games=1) for one in IDENTITIES if one.tolerance < 1e-6)
"""The identities that are no statement about many games, on one game each."""


def broken(index: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Estimate]:
    def measured(game: Any, asked: str, **options: Any) -> Estimate:
        found = measure(game, asked, **options)
        return replace(found, values=change(found.values)) if asked == index else found

    return measured


def failed(checks: list[Any]) -> set[str]:
    return {check.name for check in checks if not check.passed}


@pytest.mark.parametrize("one", IDENTITIES, ids=lambda one: f"{one.source}: {one.name}")
def test_identity_holds(one: identity.Identity):
    assert [check.passed for check in check_identities([one], measure, Silent(), seed=1)] == [True]


def test_all_closed_forms_hold():
    checks = check_closed_forms(measure, Silent(), seed=1)
    assert failed(checks) == set()
    assert len({check.name for check in checks}) == len(checks) == 7 * len(INDICES) + 4


@pytest.mark.parametrize("index", NAMES)
def test_a_slightly_wrong_index_fails_an_identity_and_a_closed_form(index: str):
    wrong = broken(index, lambda values: values + 1e-6)
    assert any(not one.check(wrong, seed=0).passed for one in EXACT)
    assert {
        name.rpartition(", ")[2].split(" of ")[0] for name in failed(check_closed_forms(wrong, Silent(), seed=0))
    } == {index}


@pytest.mark.parametrize("index", ["shapley", "shapley-interaction", "shapley-taylor", "multi-order", "multivariate"])
def test_an_index_that_says_nothing_fails(index: str):
    silent = broken(index, lambda values: values * np.nan)
    assert any(not one.check(silent, seed=0).passed for one in EXACT)
    assert failed(check_closed_forms(silent, Silent(), seed=0))


UNMOVED = ("AND-OR split", "one sign shrinks")
"""One asks no index, and one is an inequality with room."""


@pytest.mark.parametrize("one", [one for one in EXACT if one.name not in UNMOVED], ids=lambda one: one.name)
def test_every_identity_notices_noise(one: identity.Identity):
    rng = np.random.default_rng(0)

    def noisy(game: Any, asked: str, **options: Any) -> Estimate:
        found = measure(game, asked, **options)
        return replace(found, values=found.values + rng.normal(0, 1e-3, found.values.shape))

    assert not one.check(noisy, seed=0).passed


def test_wrong_partitions_fail_the_accuracy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accuracy, "BATCH", 20)

    def swapped(game: Any, asked: str, **options: Any) -> Any:
        found: Any = measure(game, asked, **options)
        return replace(found, partition_max=found.partition_min)

    wrong = failed(check_accuracy(swapped, Silent(), n_exact=30, n_learned=2, seed=0))
    assert wrong >= {f"{name}, B_max, enumerated" for name in ("addition-multiplication", "and-or", "exponential")}


def test_run_lists_every_check_once_and_says_what_it_is():
    checks = run(measure, Silent(), n_exact=20, n_learned=5)
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.asserts and check.source for check in checks)
    assert {check.document()["section"] for check in checks} == {"accuracy", "identities", "closed forms"}
    assert sum(isinstance(check, Accuracy) for check in checks) == 15
    assert all(isinstance(check, Check) for check in checks)


def agreement(error: float) -> Agreement:
    return Agreement("name", "asserts", "source", "identities", error)


def test_an_error_passes_up_to_its_tolerance_and_nan_never():
    assert agreement(1e-9).passed
    assert not agreement(1.1e-9).passed
    assert not agreement(float("nan")).passed
    assert not agreement(float("inf")).passed


def seen(correct: int, operations: int, expected: tuple[float, float]) -> Accuracy:
    return Accuracy("n", "a", "s", "and-or", "m", 500, operations, correct, 1.0, expected, 0.999)


def test_where_one_is_certain_a_single_miss_fails():
    assert seen(20_000, 20_000, (1.0, 1.0)).passed
    assert not seen(19_999, 20_000, (1.0, 1.0)).passed


def test_an_accuracy_fails_only_where_chance_does_not_explain_it():
    assert seen(1_170, 1_173, (0.9985, 1.0)).passed
    assert not seen(1_155, 1_173, (0.9985, 1.0)).passed
    assert seen(5_100, 10_000, (0.5, 0.5)).passed
    assert not seen(5_400, 10_000, (0.5, 0.5)).passed
    assert not seen(4_600, 10_000, (0.5, 0.5)).passed
