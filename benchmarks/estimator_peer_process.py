"""The peer's side, run by the peer's own Python: ``python estimator_peer_process.py FOLDER``.

Says its version; then for each line ``METHOD PLAYERS BUDGET SEED`` it estimates a game that it asks the other side for:
it leaves coalitions in ``asked.npy``, says ``ask``, and reads their values from ``values.npy`` when it is told. The
estimates are left in ``found.npy``, and the seconds of its own work are said; or why a method failed.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import shapiq
from shapiq import approximator as estimators

Made = Callable[[int, int], Any]


def _proxy(order: int, index: str, *, adjustment: bool) -> Made:
    return lambda n, seed: estimators.ProxySHAP(
        n, max_order=order, index=index, adjustment=adjustment, random_state=seed
    )


OF_PAIRS: dict[str, Made] = {
    "KernelSHAP-IQ": lambda n, seed: estimators.KernelSHAPIQ(n, 2, "SII", pairing_trick=True, random_state=seed),
    "inconsistent KernelSHAP-IQ": lambda n, seed: estimators.InconsistentKernelSHAPIQ(
        n, 2, "SII", pairing_trick=True, random_state=seed
    ),
    "ProxySHAP": _proxy(2, "SII", adjustment=False),
    "ProxySHAP adjusted": _proxy(2, "SII", adjustment=True),
    "SVARM-IQ": lambda n, seed: estimators.SVARMIQ(n, 2, "SII", random_state=seed),
}
OF_PLAYERS: dict[str, Made] = {
    "KernelSHAP": lambda n, seed: estimators.KernelSHAP(n, pairing_trick=True, random_state=seed),
    "LeverageSHAP": lambda n, seed: estimators.LeverageSHAP(n, pairing_trick=True, random_state=seed),
    "OddSHAP": lambda n, seed: estimators.OddSHAP(n, random_state=seed),
    "ProxySHAP values": _proxy(1, "SV", adjustment=False),
    "ProxySHAP values adjusted": _proxy(1, "SV", adjustment=True),
}


def estimate(folder: Path, method: str, n_players: int, budget: int, seed: int) -> float:
    """Estimate one game; return the seconds without those of the game."""
    waited = 0.0

    def game(coalitions: np.ndarray) -> np.ndarray:
        nonlocal waited
        started = time.perf_counter()
        np.save(folder / "asked.npy", np.asarray(coalitions, dtype=bool))
        print("ask", flush=True)
        sys.stdin.readline()
        values: np.ndarray = np.load(folder / "values.npy")
        waited += time.perf_counter() - started
        return values

    started = time.perf_counter()
    found = {**OF_PAIRS, **OF_PLAYERS}[method](n_players, seed).approximate(budget, game)
    seconds = time.perf_counter() - started - waited
    sets = combinations(range(n_players), 2) if method in OF_PAIRS else [(player,) for player in range(n_players)]
    np.save(folder / "found.npy", np.array([found[members] for members in sets]))
    return seconds


def main() -> None:
    warnings.filterwarnings("ignore")
    folder = Path(sys.argv[1])
    print(shapiq.__version__, flush=True)
    for line in iter(sys.stdin.readline, ""):
        method, n_players, budget, seed = line.rstrip("\n").split("\t")
        try:
            said = f"done\t{estimate(folder, method, int(n_players), int(budget), int(seed))}"
        except Exception as error:  # whatever another library raises is its answer
            said = f"failed\t{type(error).__name__}: {' '.join(str(error).split())}"
        print(said, flush=True)


if __name__ == "__main__":
    main()
