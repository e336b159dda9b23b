"""How much of a large data set must be read to pick 50 samples of it.

The memory of a table is measured in processes of their own: ``python -m benchmarks.picking pick FILE.csv`` prints it.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.growth import peak_mib
from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, quartiles
from interact_cli.datasets.drawing import draw
from interact_cli.datasets.images import folder
from interact_cli.datasets.tables import table
from interact_cli.interfaces import DataRequest

PICKED = 50
FILES_PER_CLASS = 100


def picking(quick: bool) -> Iterator[Row]:
    """Yield a row per kind of data set."""
    with tempfile.TemporaryDirectory() as place:
        yield _folder(Path(place), 20_000 if quick else 100_000, rounds=2 if quick else 3)
    with tempfile.TemporaryDirectory() as place:
        yield from _table(Path(place) / "rows.csv", 100_000 if quick else 1_000_000, rounds=2 if quick else 3)


def _folder(top: Path, n_files: int, rounds: int) -> Row:
    """Pick from a folder of tiny images; larger ones only make reading all of them slower."""
    _write_images(top, n_files)
    request = DataRequest("folder", path=top)

    def pick() -> None:
        dataset = folder.read(request)
        for index in draw(dataset, PICKED, 0):
            dataset.raw(index)

    def read_all() -> None:
        dataset = folder.read(request)
        for index in range(len(dataset)):
            dataset.raw(index)

    times = Interleaved.of([pick, read_all], rounds)
    ratios = times.ratios(0, 1)
    what = f"pick {PICKED} of {n_files:,} images of 8x8 ({times.median(0):.2g} s) over reading all of them"
    return Row(what, times.median(0) / times.median(1), goal=Goal(most=0.1), spread=quartiles(ratios))


def _write_images(top: Path, n_files: int) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 99, 199)).save(buffer, "PNG")
    for start in range(0, n_files, FILES_PER_CLASS):
        place = top / f"n{start // FILES_PER_CLASS:08}"
        place.mkdir()
        for number in range(start, min(start + FILES_PER_CLASS, n_files)):
            (place / f"{number:08}.png").write_bytes(buffer.getvalue())


def _table(path: Path, n_rows: int, rounds: int) -> Iterator[Row]:
    """Pick from a table of 12 columns and 3 classes."""
    _write_rows(path, n_rows)
    times = Interleaved.of([lambda: _pick(path), lambda: pd.read_csv(path)], rounds)
    what = f"pick {PICKED} of {n_rows:,} rows of a CSV ({times.median(0):.2g} s) over parsing it with pandas"
    yield Row(what, times.median(0) / times.median(1), spread=quartiles(times.ratios(0, 1)))
    picked, parsed = (_memory(way, path) for way in ("pick", "parse"))
    what = f"memory to pick {PICKED} of {n_rows:,} rows of a CSV ({picked:.3g} MiB) over that of pandas"
    yield Row(what, picked / parsed, goal=Goal(most=0.5))


def _pick(path: Path) -> None:
    dataset = table.read(DataRequest("csv", path=path))
    for index in draw(dataset, PICKED, 0):
        dataset.raw(index)


def _write_rows(path: Path, n_rows: int) -> None:
    random = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join(f"x{column}" for column in range(12)) + ",label\n")
        for _ in range(0, n_rows, 10_000):
            rows = random.standard_normal((10_000, 12)).tolist()
            labels = random.integers(0, 3, 10_000).tolist()
            file.writelines(",".join(map(repr, row)) + f",{label}\n" for row, label in zip(rows, labels, strict=True))


def _memory(way: str, path: Path) -> float:
    """Return the MiB by which a fresh process grows at its peak, imports left out."""
    command = [sys.executable, "-m", "benchmarks.picking", way, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    way, path = sys.argv[1], Path(sys.argv[2])
    before = peak_mib()
    if way == "pick":
        _pick(path)
    else:
        pd.read_csv(path)
    print(peak_mib() - before)


if __name__ == "__main__":
    main()
