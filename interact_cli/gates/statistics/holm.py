"""p-values of several numbers together."""

from __future__ import annotations

import numpy as np

from interact_cli.types import FloatArray


def holm(p_values: FloatArray) -> FloatArray:
    """Return Holm's adjusted p-values: the k - i fold of the i-th smallest, never below a smaller one's.

    NaN stays NaN and counts as a place.

    Source: Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted
