"""Games that tests of surrogates share."""

from __future__ import annotations

import numpy as np

import interact_cli as ic
from interact_cli.games.coalitions import all_coalitions, unpack


def smooth_game(n: int, seed: int = 0) -> ic.TableGame:
    """A two-layer network of the players: nothing that a kernel says exactly."""
    rng = np.random.default_rng(seed)
    z = np.where(unpack(all_coalitions(n), n), 1.0, -1.0)
    hidden = np.tanh(z @ rng.normal(size=(n, 2 * n)) / np.sqrt(n) * 1.5 + rng.normal(size=2 * n))
    return ic.TableGame(np.maximum(hidden @ rng.normal(size=(2 * n, 3)), 0) @ rng.normal(size=3))
