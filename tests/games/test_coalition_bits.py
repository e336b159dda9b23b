"""Packed coalitions and the two games."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import references

import interact_cli as ic
from interact_cli.errors import ShapeError
from interact_cli.games.coalitions import (
    all_coalitions,
    pack,
    positions,
    row_bytes,
    single_player_bits,
    unique,
    unpack,
)

ROWS = hnp.arrays(np.bool_, st.tuples(st.integers(0, 20), st.integers(1, 40)))
QUICK = settings(max_examples=50, deadline=None)


def code(row):
    return int.from_bytes(bytes(row), "little")


@QUICK
@given(rows=ROWS)
def test_a_packed_row_is_the_bit_code(rows):
    packed = pack(rows)
    assert packed.shape == (len(rows), row_bytes(rows.shape[1]))
    for row, bits in zip(packed, rows.tolist(), strict=True):
        assert code(row) == sum(2**i for i, present in enumerate(bits) if present)
    np.testing.assert_array_equal(unpack(packed, rows.shape[1]), rows)


@pytest.mark.parametrize("n", [1, 3, 8, 9, 12])
def test_all_coalitions_come_in_the_order_of_their_codes(n):
    assert [code(row) for row in all_coalitions(n)] == list(range(2**n))


@pytest.mark.parametrize("n", [1, 8, 17])
def test_singletons(n):
    assert [code(row) for row in single_player_bits(n)] == [2**i for i in range(n)]
    assert [code(row) for row in single_player_bits(n, np.array([n - 1, 0]))] == [2 ** (n - 1), 1]


@QUICK
@given(rows=ROWS)
def test_unique_keeps_each_coalition_once_and_knows_where_it_went(rows):
    packed = pack(rows)
    kept, where = unique(packed)
    assert [bytes(row) for row in kept] == sorted({bytes(row) for row in packed})
    np.testing.assert_array_equal(kept[where], packed)


@QUICK
@given(rows=ROWS, data=st.data())
def test_positions_find_what_is_known(rows, data):
    known, _ = unique(pack(rows))
    wanted = pack(data.draw(hnp.arrays(np.bool_, (6, rows.shape[1]))))
    listed = [bytes(row) for row in known]
    expected = [listed.index(bytes(row)) if bytes(row) in listed else -1 for row in wanted]
    assert positions(wanted, known).tolist() == expected
    np.testing.assert_array_equal(positions(known, known), np.arange(len(known)))


def test_positions_of_another_number_of_players_are_refused():
    with pytest.raises(ShapeError, match="2 bytes"):
        positions(pack(np.ones((1, 3), bool)), pack(np.ones((1, 9), bool)))


@QUICK
@given(n=st.integers(1, 7), seed=st.integers(0, 99))
def test_a_table_answers_by_bit_code(n, seed):
    values = np.random.default_rng(seed).normal(size=2**n)
    game = ic.TableGame(values)
    assert game.n_players == n
    v = references.set_game(values, n)
    coalitions = list(references.subsets(range(n)))
    rows = np.array([[i in S for i in range(n)] for S in coalitions])
    assert game(rows).tolist() == [v[S] for S in coalitions]
