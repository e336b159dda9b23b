"""The peer's side of the comparison, run by the peer's own Python: ``python peer_process.py FOLDER``.

Answers on standard output: its version first, then for each number of players n that it reads a line
``wall-seconds cpu-seconds`` of one exact computation from the values in ``FOLDER/n.npy``; the pair matrix is left in
``FOLDER/n-peer.npy``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import shapiq


def answer(folder: Path, n_players: int) -> tuple[float, float]:
    """Compute all pairs of one game whose values are known; return wall and CPU seconds."""
    table = np.load(folder / f"{n_players}.npy")
    codes = 1 << np.arange(n_players)
    computer = shapiq.ExactComputer(lambda coalitions: table[coalitions @ codes], n_players, evaluate_game=True)
    wall, cpu = time.perf_counter(), time.process_time()
    found = computer("SII", order=2)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    matrix = np.full((n_players, n_players), np.nan)
    for (i, j), place in ((pair, place) for pair, place in found.interaction_lookup.items() if len(pair) == 2):
        matrix[i, j] = matrix[j, i] = found.values[place]
    np.save(folder / f"{n_players}-peer.npy", matrix)
    return seconds


def main() -> None:
    folder = Path(sys.argv[1])
    print(shapiq.__version__, flush=True)
    for line in sys.stdin:
        print(*answer(folder, int(line)), flush=True)


if __name__ == "__main__":
    main()
