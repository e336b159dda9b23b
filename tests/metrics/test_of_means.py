"""The statistics by name: by hand, replicate by replicate, and what their corrected twins are."""

from __future__ import annotations

import subprocess
import sys
from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interact_cli.metrics.summaries.of_means import STATISTICS

STRENGTHS = ("mean_abs", "mean_abs_corrected", "rms", "rms_corrected")
N_PARTS = {
    "mean": 1,
    "mean_magnitude": 1,
    "mean_of_known": 2,
    "share": 2,
    "share_of_second": 2,
    "ratio": 4,
    "root_ratio": 2,
}
N_PARTS |= dict.fromkeys((*STRENGTHS, *(f"J_{name}" for name in STRENGTHS)), 3)


def of(name, *means):
    return STATISTICS[name].of(*[np.array(mean, dtype=float) for mean in means]).tolist()


def test_every_statistic_by_hand():
    a, q, u = [2.0, 4.0], [16.0, 25.0], [4.0, -1.0]
    assert of("mean", [-1.5]) == of("mean_magnitude", [-1.5]) == [-1.5]
    assert STATISTICS["mean_magnitude"].before(np.array([-1.5])) == 1.5
    assert of("mean_of_known", [1.5], [0.5]) == [3.0]
    assert isnan(*of("mean_of_known", [0.0], [0.0]))
    assert of("mean_abs", a, q, u) == a
    assert of("mean_abs_corrected", a, q, u) == [2 * sqrt(4 / 16), 0]
    assert of("rms", a, q, u) == [4, 5]
    assert of("rms_corrected", a, q, u) == [2, 0]
    assert of("J_mean_abs", a, q, u) == pytest.approx([2 / 3, 4 / 3])
    assert of("J_mean_abs_corrected", a, q, u) == of("J_rms_corrected", a, q, u) == [2, 0]
    assert of("J_rms", a, q, u) == pytest.approx([4 / 4.5, 5 / 4.5])
    assert of("share", [1.0, 3.0]) == [0.25, 0.75]
    assert of("share", [1.0, 3.0], [4.0, 0.0]) == [0.125, 0.375]
    assert of("share_of_second", [1.0, 3.0], [4.0, 0.0]) == [0.5, 0]
    assert of("ratio", [1.0, 1.0], [4.0, 0.5], [0.5, 0.5])[0] == 0.25
    assert isnan(of("ratio", [1.0, 1.0], [4.0, 0.5], [0.5, 0.5])[1])
    assert of("ratio", [1.0], [4.0], [5.0], [0.5]) == [0.25]
    assert of("root_ratio", [1.0, -1.0], [4.0, 4.0]) == [0.5, 0]
    assert isnan(*of("root_ratio", [1.0], [0.0]))
    for name in ("share", "J_rms"):
        assert np.isnan(of(name, *[[0.0, 0.0]] * (3 if name == "J_rms" else 1))).all()


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(STATISTICS)),
    means=arrays(np.float64, (4, 3, 5), elements=st.floats(0.01, 100, allow_subnormal=False)),
)
def test_replicates_stand_for_themselves(name, means):
    """A gate evaluates all resamples at once."""
    parts = means[: N_PARTS[name]]
    together = STATISTICS[name].of(*parts)
    assert together.shape == (3, 5)
    for row in range(3):
        np.testing.assert_allclose(together[row], STATISTICS[name].of(*[part[row] for part in parts]), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (2, 4), elements=st.floats(0.01, 100, allow_subnormal=False)))
def test_without_noise_a_twin_says_the_same(means):
    absolute, square = means
    corrected = {name: known.corrected for name, known in STATISTICS.items() if known.corrected}
    assert corrected == {name: f"{name}_corrected" for name in ("mean_abs", "rms", "J_mean_abs", "J_rms")}
    for name, twin in corrected.items():
        plain, free = (STATISTICS[one].of(absolute, square, square) for one in (name, twin))
        np.testing.assert_allclose(plain, free, rtol=1e-12)


def test_the_statistics_need_nothing_but_numpy():
    check = (
        "import sys, interact_cli.metrics.summaries.of_means; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "scipy", "pydantic", "h5py", "sklearn", "pandas"} & set(loaded)
