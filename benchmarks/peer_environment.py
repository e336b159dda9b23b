"""A Python that has the peer: shapiq 1.8 needs Python 3.12, which need not be the one that runs the benchmarks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

NEEDED = ("shapiq>=1.8", "xgboost>=2", "lightgbm>=4")
OLDEST = (3, 12)
HAS_IT = "import shapiq, xgboost, lightgbm; assert tuple(map(int, shapiq.__version__.split('.')[:2])) >= (1, 8)"


class Unavailable(Exception):
    """The peer cannot be had; the message says why."""


def peer_python() -> Path:
    """Return a Python that imports the peer, in ``$PEER_VENV`` or in an environment in the user's cache.

    The environment is made, and filled from the package index, where it does not exist yet.

    Raises:
        Unavailable: no Python that is new enough, or the peer cannot be installed.
    """
    folder = Path(os.environ.get("PEER_VENV") or user_cache_path("interact") / "peer")
    python = folder / "bin" / "python"
    if not python.exists():
        _run([str(_new_enough()), "-m", "venv", str(folder)], "cannot make an environment")
    if subprocess.run([python, "-c", HAS_IT], capture_output=True, check=False).returncode:
        _run([str(python), "-m", "pip", "install", "--quiet", *NEEDED], f"cannot install {NEEDED[0]}")
    return python


def _new_enough() -> Path:
    for candidate in _candidates():
        said = subprocess.run(
            [candidate, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if said.returncode == 0 and tuple(map(int, said.stdout.split())) >= OLDEST:
            return candidate
    raise Unavailable(
        f"{NEEDED[0]} needs Python {'.'.join(map(str, OLDEST))} or newer, and none was found beside "
        f"{sys.version.split()[0]}; PEER_VENV names an environment that has it"
    )


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    for minor in range(OLDEST[1], OLDEST[1] + 4):
        found = shutil.which(f"python3.{minor}")
        if found:
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from sorted(
        (folder / "bin" / "python" for folder in pyenv.glob("3.*") if re.fullmatch(r"3\.\d+\.\d+", folder.name)),
        key=lambda python: [int(part) for part in python.parts[-3].split(".")],
    )


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{what}: {last[-1] if last else 'no reason given'}")


if __name__ == "__main__":
    try:
        print(peer_python())
    except Unavailable as reason:
        sys.exit(str(reason))
