"""How the players of a run lie in the file: once for every sample, or padded where each sample has its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.errors import ReportRefused, ShapeError
from interact_cli.report.hdf5 import schema
from interact_cli.report.hdf5.sink import AnyArray, Sink, labels_array
from interact_cli.report.hdf5.source import Source
from interact_cli.results import LEARNED, PlayerTable
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray


def player_labels(players: PlayerTable) -> AnyArray | range:
    """Return the labels of the shared axis ``player``: names where all samples share them, else positions."""
    return labels_array(players.names) if players.shared else range(players.largest)


def write_players(players: PlayerTable, sink: Sink) -> None:
    """Fill ``/players``.

    Raises:
        ShapeError: names, owners and samples contradict each other.
    """
    if players.shared:
        sink.field(schema.PLAYER_NAME, players.names, ("player",))
        sink.field(schema.PLAYER_OWNER, players.owner, schema.geometry_dims("owner", np.ndim(players.owner)))
    else:
        counts = [len(names) for names in players.own_names]
        owner = np.asarray(players.owner)
        if owner.ndim != 2 or len(owner) != len(counts):
            raise ShapeError(f"The owners of {len(counts)} samples have shape {owner.shape}; expected one row each.")
        padded = [[*names, *[""] * (players.largest - len(names))] for names in players.own_names]
        sink.field(schema.PLAYER_NAME, padded, schema.OWN_DIMS["name"])
        sink.field(schema.PLAYER_COUNT, counts)
        sink.field(schema.PLAYER_OWNER, owner, schema.OWN_DIMS["owner"])
    dims = schema.baseline_dims(np.ndim(players.baseline), own=players.own_baselines)
    sink.field(schema.BASELINE, players.baseline, dims)
    if players.spans is not None:
        sink.field(schema.PLAYER_SPAN, players.spans)
    attributes = sink.file["players"].attrs
    attributes.update({"spec": players.spec, "entry": players.entry, "baseline_name": players.baseline_name})
    if players.grid is not None:
        attributes["grid"] = np.array(players.grid, dtype=schema.DTYPES["int64"])


def read_players(source: Source) -> PlayerTable:
    """Read ``/players``; a file of schema 1.0 has its entry at the input.

    Raises:
        ReportRefused: names, owners, spans or grid contradict each other; the message names the object.
    """
    names: tuple[str, ...] = ()
    own_names: tuple[tuple[str, ...], ...] = ()
    if source.rank(schema.PLAYER_NAME.path) == 2:
        own_names = _own_names(source)
        owner, counts = source.array(schema.PLAYER_OWNER.path, "int64"), [len(own) for own in own_names]
        source.expect_dims(schema.PLAYER_OWNER.path, schema.OWN_DIMS["owner"])
        _check_owner(owner, counts)
    else:
        names = source.texts(schema.PLAYER_NAME.path)
        if source.texts("/player") != names:
            raise ReportRefused("/player and /players/name name different players")
        owner, counts = source.array(schema.PLAYER_OWNER.path, "int64"), [len(names)]
        source.expect_dims(schema.PLAYER_OWNER.path, schema.geometry_dims("owner", owner.ndim))
        _check_owner(owner.reshape(1, -1), counts)
    baseline = source.array(schema.BASELINE.path, "float32")
    baseline_name = source.text_attribute("/players", "baseline_name")
    source.expect_dims(schema.BASELINE.path, schema.baseline_dims(baseline.ndim, own=baseline_name == LEARNED))
    return PlayerTable(
        names=names,
        spec=source.text_attribute("/players", "spec"),
        owner=owner,
        baseline=baseline,
        baseline_name=baseline_name,
        grid=_grid(source, len(names)),
        own_names=own_names,
        entry=source.text_attribute("/players", "entry", default="input"),
        spans=_spans(source, counts),
    )


def _own_names(source: Source) -> tuple[tuple[str, ...], ...]:
    source.expect_dims(schema.PLAYER_NAME.path, schema.OWN_DIMS["name"])
    padded, counts = source.table(schema.PLAYER_NAME.path), source.field(schema.PLAYER_COUNT)
    if counts is None:
        raise ReportRefused(
            f"{schema.PLAYER_COUNT.path} is missing, and {schema.PLAYER_NAME.path} holds each sample's own players"
        )
    widest = len(padded[0]) if padded else 0
    if not np.array_equal(source.array("/player", "int64"), np.arange(widest)):
        raise ReportRefused("/player does not count the players of the largest sample")
    for sample, (names, count) in enumerate(zip(padded, counts.tolist(), strict=True)):
        if not 0 <= count <= widest or any(names[count:]):
            raise ReportRefused(f"{schema.PLAYER_NAME.path} names other players of sample {sample} than its {count}")
    return tuple(names[:count] for names, count in zip(padded, counts.tolist(), strict=True))


def _check_owner(owner: IntArray, counts: Sequence[int]) -> None:
    for row, count in zip(owner, counts, strict=True):
        if row.size and not (row.min() >= -1 and row.max() < count):
            raise ReportRefused(f"{schema.PLAYER_OWNER.path} names players {row.min()} to {row.max()} of {count}")


def _spans(source: Source, counts: Sequence[int]) -> IntArray | None:
    spans: IntArray | None = source.field(schema.PLAYER_SPAN)
    if spans is None:
        return None
    first, last = spans.T if spans.shape[1] == 2 else (np.array([-1]), np.array([-1]))
    if not ((first >= 0) & (first <= last) & (last <= np.asarray(counts))).all():
        raise ReportRefused(
            f"{schema.PLAYER_SPAN.path} leaves the players; expected 0 <= first <= last <= their number"
        )
    return spans


def _grid(source: Source, n_players: int) -> tuple[int, int] | None:
    if "grid" not in source.file["players"].attrs:
        return None
    grid = np.asarray(source.file["players"].attrs["grid"])
    if grid.dtype.kind != "i" or grid.shape != (2,) or grid.min() < 1 or int(grid[0]) * int(grid[1]) != n_players:
        raise ReportRefused(
            f"attribute 'grid' of /players is {safe_text(grid)}; expected rows and columns of {n_players}"
        )
    return int(grid[0]), int(grid[1])
