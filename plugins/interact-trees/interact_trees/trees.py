"""A game learned by gradient boosting (Chen & Guestrin, 2016), as the leaves of all its trees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import xgboost

from interact_cli.interfaces import Leaves
from interact_cli.types import BoolArray, FloatArray

ROUNDS = 1000
SETTINGS = {
    "tree_method": "hist",
    "max_bin": 2,  # a player is there or not
    "max_depth": 6,
    "eta": 0.1,
    "min_child_weight": 20,
    "colsample_bynode": 0.5,
    "base_score": 0.0,
    "seed": 0,
    "nthread": 1,  # equal values, equal trees; samples are answered side by side
}
Leaf = tuple[frozenset[int], frozenset[int], float]
"""Players that are present, players that are absent, and what that is worth."""


def learn(coalitions: BoolArray, values: FloatArray) -> Leaves:
    """Fit trees to the values ``(row,)`` of coalitions ``(row, n)``, and return their leaves."""
    rows = xgboost.DMatrix(coalitions.astype(np.float32), values)
    trees = xgboost.train(SETTINGS, rows, ROUNDS).get_dump(dump_format="json")
    nothing: frozenset[int] = frozenset()
    leaves = [leaf for tree in trees for leaf in _leaves(json.loads(tree), nothing, nothing)]
    present = np.zeros((len(leaves), coalitions.shape[1]), dtype=np.bool_)
    absent = present.copy()
    for row, (there, not_there, _) in enumerate(leaves):
        present[row, list(there)] = True
        absent[row, list(not_there)] = True
    return Leaves(present, absent, np.array([worth for *_, worth in leaves]))


def _leaves(node: dict[str, Any], present: frozenset[int], absent: frozenset[int]) -> Iterator[Leaf]:
    """Follow every path that a coalition can take; no player is asked for twice on one."""
    if "leaf" in node:
        yield present, absent, node["leaf"]
        return
    player = int(node["split"][1:])
    below = {child["nodeid"]: child for child in node["children"]}
    yield from _leaves(below[node["yes"]], present, absent | {player})  # less than the threshold
    yield from _leaves(below[node["no"]], present | {player}, absent)
