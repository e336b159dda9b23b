"""What a surrogate costs beside the evaluations: operations, counted from players, coalitions and sets alone.

An operation is as long as one of a Cholesky factorisation, which takes T^3 / 3 of them. The weights of the other steps
were measured in that unit, on one thread: two plans of 64 players took 0.7 to 1.1 times what is counted
(``python -m benchmarks --only surrogate-time``). What is beyond `SEEN`, and a second surrogate, is not
counted.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from interact_cli.interactions.designs.budgets import PAIR
from interact_cli.interactions.surrogate.design import SEEN, Surrogate
from interact_cli.interactions.surrogate.fitting import stages
from interact_cli.interactions.surrogate.functionals import RETURNED
from interact_cli.interactions.surrogate.kernel import CODES
from interact_cli.interactions.surrogate.neighbours import neighbours
from interact_cli.interactions.surrogate.process import LEFT_OUT

LOOKS = 1.2
"""Evaluations of the objective that a step of a fit takes, and one more to start."""


def operations(designs: Iterable[Surrogate]) -> float:
    """Count what answering one sample takes: a process for each draw, and the reading of each index.

    A process of T <= 8192 coalitions with m players and sets of neighbours takes ``F^3 + F^2 (800 + 3 m)`` for each
    look at F fitted ones, then ``T^3 / 3 + T^2 (min(T, 1000) + 200 + 1.5 m)``. An index of S sets takes
    ``T^2 S + 200 T S`` and the products over players at every node of its rule, four times where they are complex;
    nothing where it is exact. Where squares are corrected the process takes ``2 T^3 / 3`` more, an index ``T^2 S``.
    Indices that share coalitions share the process.
    """
    processes, reading = {}, 0.0
    for design in designs:
        processes[design.draw, design.grid] = _of_process(design)
        reading += _of_reading(design)
    return sum(processes.values()) + reading


def _of_process(design: Surrogate) -> float:
    rows = min(len(design.asked), SEEN)
    signs = design.n_players + sum(map(len, neighbours(design.grid)))
    fit = sum((LOOKS * steps + 1) * (fitted**3 + fitted**2 * (800 + 3 * signs)) for fitted, steps in stages(rows))
    left_out = 2 * rows**3 / 3 if design.corrects_squares else 0.0
    return fit + rows**3 / 3 + left_out + rows**2 * (min(rows, LEFT_OUT) + 200 + 1.5 * signs)


def _of_reading(design: Surrogate) -> float:
    functional, n = design.functional, design.n_players
    rows, n_sets = min(len(design.asked), SEEN), len(design.sets)
    weights = functional.law.rule(n - functional.size).weights
    n_nodes = len(weights) * (4 if np.iscomplexobj(weights) else 1)
    parts = -(-n_sets // (RETURNED // rows))  # each computes the factors of all players anew
    if functional.size == 1:
        products = 32 * n * n_nodes * parts
    elif functional.size == PAIR:
        products = ((2 * n + 30) * n_nodes + 30 * n) * n * parts
    else:
        products = (30 * n * parts + 25 * functional.size * n_sets) * n_nodes
    if design.exact.all():
        return 0.0
    solves = 2 if design.corrects_squares else 1
    return solves * rows**2 * n_sets + 200 * rows * n_sets + len(CODES) * rows * products
