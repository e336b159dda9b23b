"""The exact interval of a share, from the binomial law alone."""

from __future__ import annotations

from scipy.special import betaincinv

from interact_cli.errors import UsageError


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of shares under which what was seen is not too rare from either side.

    The lower end is the share p at which ``P(X >= successes) = (1 - confidence) / 2``, the upper end the one at which
    ``P(X <= successes)`` is that; 0 and 1 where no trial, or every trial, succeeded. Both are quantiles of beta laws.

    Source: Clopper & Pearson (1934), Biometrika 26(4).

    Raises:
        UsageError: no trial, or successes outside 0..trials.

    Example:
        >>> low, high = clopper_pearson(0, 10)
        >>> low, round(high, 4)
        (0.0, 0.3085)
    """
    if not 0 <= successes <= trials or trials < 1:
        raise UsageError(f"Expected 0 <= successes <= trials with a trial at least, got {successes} of {trials}.")
    each_side = (1 - confidence) / 2
    low = betaincinv(successes, trials - successes + 1, each_side) if successes else 0.0
    high = betaincinv(successes + 1, trials - successes, 1 - each_side) if successes < trials else 1.0
    return float(low), float(high)
