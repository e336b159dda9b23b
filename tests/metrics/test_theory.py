"""The theory curve F^(m) and the fit of n'."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from interact_cli.metrics.summaries.theory import fit, learning_strength

PRINTED = {
    6: [1, 0.4, 0.245, 0.2, 0.2],
    8: [1, 0.350, 0.184, 0.128, 0.111, 0.117, 0.143],
    10: [1, 0.314, 0.147, 0.089, 0.066, 0.059, 0.063, 0.079, 0.111],
}


@pytest.mark.parametrize("n", PRINTED)
def test_printed_values(n):
    assert learning_strength(n, np.arange(n - 1.0)) == pytest.approx(PRINTED[n], abs=6e-4)


def test_the_curve_of_twelve_players():
    curve = learning_strength(12, np.arange(11.0))
    assert curve.argmin() == 6
    assert curve.min() == pytest.approx(0.031, abs=6e-4)
    assert curve[-1] == pytest.approx(1 / 11)


@pytest.mark.parametrize("n", [3, 5, 17, 60])
def test_the_curve_is_the_formula_of_theorem_1(n):
    def weight(m):
        return (n - m - 1) / (n * (n - 1)) / np.sqrt(comb(n - 2, m))

    expected = [weight(m) / weight(0) for m in range(n - 1)]
    assert learning_strength(n, np.arange(n - 1.0)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n_prime", [4, 7, 12, 19])
@pytest.mark.parametrize("scale", [1.0, 37.0])
def test_the_fit_recovers_its_own_curve(n_prime, scale):
    n, shares = 40, np.array([0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0])
    curve = np.array([scale * float(learning_strength(n_prime, np.asarray(share * (n_prime - 2)))) for share in shares])
    fitted = fit(curve, shares, n)
    assert fitted.n_prime == fitted.n_prime_log == n_prime
    assert fitted.rmse == pytest.approx(0, abs=1e-9)
    assert fitted.rmse_log == pytest.approx(0, abs=1e-9)
    assert fitted.curve == pytest.approx(curve / scale)


def test_the_fit_minimises_the_squared_error():
    shares = np.linspace(0, 1, 9)
    strength = np.array([2.0, 0.9, 0.5, 0.5, 0.3, 0.4, 0.2, 0.6, 0.8])
    fitted = fit(strength, shares, 10)

    def rmse(n):
        return np.sqrt(np.mean((strength / 2 - learning_strength(n, shares * (n - 2))) ** 2))

    by_hand = {n: rmse(n) for n in range(3, 11)}
    assert fitted.n_prime == min(by_hand, key=by_hand.get)
    assert fitted.rmse == pytest.approx(min(by_hand.values()))


def test_no_fit_without_order_zero_or_with_too_few_orders():
    assert fit(np.array([0.0, 1.0, 1.0]), np.array([0, 0.5, 1]), 9) is None
    assert fit(np.array([1.0, 1.0]), np.array([0, 1.0]), 9) is None
    assert fit(np.array([np.nan, 1.0, 1.0]), np.array([0, 0.5, 1]), 9) is None
    assert fit(np.array([1.0, 0.5, 1.0]), np.array([0.1, 0.5, 0.9]), 256) is None
