"""Hypothesis strategies for games."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FINITE = st.floats(-100, 100, allow_nan=False, width=32)


@st.composite
def tables(draw: st.DrawFn, low: int = 2, high: int = 6) -> tuple[np.ndarray, int]:
    """A table of ``2^n`` values and ``n``: either drawn value by value, or dense Gaussian noise of some scale."""
    n = draw(st.integers(low, high))
    if draw(st.booleans()):
        return draw(hnp.arrays(np.float64, 2**n, elements=FINITE)), n
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.normal(scale=draw(st.sampled_from([1e-3, 1.0, 50.0])), size=2**n), n


@st.composite
def coalitions_of(draw: st.DrawFn, n: int) -> frozenset[int]:
    """Any coalition of ``n`` players."""
    return frozenset(draw(st.sets(st.integers(0, n - 1))))
