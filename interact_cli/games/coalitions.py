"""Coalitions as packed bits: made, unpacked, deduplicated, found again.

A packed row has ``ceil(n / 8)`` bytes; player ``i`` is bit ``i % 8`` of byte ``i // 8``, so the row read as
a little-endian number is the coalition's bit code.
"""

from __future__ import annotations

import numpy as np

from interact_cli.errors import ShapeError
from interact_cli.types import BoolArray, IntArray, PackedArray


def row_bytes(n_players: int) -> int:
    """Return the bytes of one packed coalition."""
    return (n_players + 7) // 8


def pack(coalitions: BoolArray) -> PackedArray:
    """Pack ``(n_coalitions, n_players)`` bools into ``(n_coalitions, ceil(n / 8))`` bytes.

    Example:
        >>> pack(np.array([[True, False, True]])).tolist()
        [[5]]
    """
    return np.packbits(coalitions, axis=-1, bitorder="little")


def unpack(packed: PackedArray, n_players: int) -> BoolArray:
    """Undo `pack`: ``(n_coalitions, bytes)`` -> ``(n_coalitions, n_players)`` bools."""
    return np.unpackbits(packed, axis=-1, count=n_players, bitorder="little").astype(np.bool_)


def all_coalitions(n_players: int) -> PackedArray:
    """Return all ``2^n`` coalitions in the order of their bit codes: ``(2^n, ceil(n / 8))``."""
    codes = np.arange(2**n_players, dtype="<u8")
    return np.ascontiguousarray(codes.view(np.uint8).reshape(-1, 8)[:, : row_bytes(n_players)])


def bits_of(code: int) -> tuple[int, ...]:
    """Return the places of the bits of a code, ascending: the players of a coalition.

    Example:
        >>> bits_of(0b1101)
        (0, 2, 3)
    """
    return tuple(place for place in range(code.bit_length()) if code >> place & 1)


def single_player_bits(n_players: int, players: IntArray | None = None) -> PackedArray:
    """Return singletons, of all players or of those given: a row holds its player alone, ``(player, ceil(n / 8))``.

    Example:
        >>> single_player_bits(10, np.array([1, 9])).tolist()
        [[2, 0], [0, 2]]
    """
    alone = np.arange(n_players) if players is None else players
    bits = np.zeros((len(alone), row_bytes(n_players)), dtype=np.uint8)
    bits[np.arange(len(alone)), alone // 8] = 1 << (alone % 8)
    return bits


def unique(packed: PackedArray) -> tuple[PackedArray, IntArray]:
    """Return the distinct rows, sorted by bytes, and for every row of ``packed`` its position among them."""
    rows, inverse = np.unique(_as_keys(packed), return_inverse=True)
    return rows.view(np.uint8).reshape(len(rows), packed.shape[1]), inverse.astype(np.int64)


def positions(wanted: PackedArray, known: PackedArray) -> IntArray:
    """Return where each row of ``wanted`` stands in ``known``, or -1.

    Args:
        wanted: ``(n_wanted, bytes)``.
        known: ``(n_known, bytes)``, sorted by bytes as `unique` returns them.
    """
    if wanted.shape[1] != known.shape[1]:
        raise ShapeError(f"Expected coalitions of {known.shape[1]} bytes a row, got {wanted.shape[1]}.")
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.int64)
    keys, sought = _as_keys(known), _as_keys(wanted)
    found = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
    return np.where(keys[found] == sought, found, -1).astype(np.int64)


def _as_keys(packed: PackedArray) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """View each row as one opaque key that sorts by its bytes."""
    contiguous = np.ascontiguousarray(packed)
    return contiguous.view(np.dtype((np.void, contiguous.shape[1]))).ravel()
