"""Counter-based randomness: keyed by purpose, independent of order."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interact_cli.seeding import digest, generator

PARTS = st.lists(st.one_of(st.text(max_size=6), st.integers(-9, 99)), max_size=3)


def test_the_stream_is_philox_under_the_digest_of_its_key():
    """The rule of the docstring, written out: another program can redraw the same numbers."""
    key = hashlib.sha256(b'[7,"contexts","digits/test/\\u00e9",3]').digest()[:16]
    expected = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little"))).random(5)
    np.testing.assert_array_equal(generator(7, "contexts", "digits/test/é", 3).random(5), expected)


def test_draws_do_not_depend_on_what_was_drawn_before():
    alone = generator(0, "a", 1).random(4)
    generator(0, "b").random(100)
    np.random.seed(3)  # noqa: NPY002, TID251  # the global generator must not matter
    np.testing.assert_array_equal(generator(0, "a", 1).random(4), alone)
    state = np.random.get_state()[1].copy()  # noqa: NPY002  (the global state is what must not change)
    generator(0, "a", 1).random(4)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002  (the global state is what must not change)


@settings(max_examples=60, deadline=None)
@given(
    a=st.tuples(st.integers(0, 3), st.sampled_from(["x", "y"]), PARTS),
    b=st.tuples(st.integers(0, 3), st.just("x"), PARTS),
)
def test_other_keys_give_other_streams(a, b):
    first = generator(a[0], a[1], *a[2]).integers(0, 2**62, 2).tolist()
    second = generator(b[0], b[1], *b[2]).integers(0, 2**62, 2).tolist()
    assert (first == second) == (a == b)


@pytest.mark.parametrize("other", [("a", "b", "c"), ("ab", "c"), ("a", "bc"), ("a", 1), ("a", "1"), ("a",)])
def test_parts_are_kept_apart(other):
    keys = [("a", "b", "c"), ("ab", "c"), ("a", "bc"), ("a", 1), ("a", "1"), ("a",)]
    streams = {key: tuple(generator(0, *key).integers(0, 2**62, 2).tolist()) for key in keys}
    assert [key for key in keys if streams[key] == streams[other]] == [other]


def test_numpy_seeds_are_seeds():
    np.testing.assert_array_equal(generator(np.int64(5), "x").random(2), generator(5, "x").random(2))


def test_neighbouring_streams_are_uncorrelated():
    rows = np.stack([generator(seed, "x", part).random(4000) for seed in range(4) for part in range(4)])
    correlation = np.corrcoef(rows) - np.eye(16)
    assert np.abs(correlation).max() < 5 / np.sqrt(4000)
    assert abs(rows.mean() - 0.5) < 5 / np.sqrt(12 * rows.size)


def test_a_digest_is_sha256_of_length_prefixed_parts():
    parts = ["a", b"bc", "é"]
    raw = [b"a", b"bc", "é".encode()]
    assert digest(*parts) == hashlib.sha256(b"".join(len(r).to_bytes(8, "little") + r for r in raw)).hexdigest()
    assert len({digest("a", "bc"), digest("ab", "c"), digest("abc"), digest("abc", ""), digest()}) == 5
