"""The plugin in two states: as sources, for the tests of its parts; and really installed, for those of the whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

import interact_cli

PLUGIN = Path(__file__).parents[1]

sys.path.insert(0, str(PLUGIN))

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
OFFLINE = ["--no-index", "--no-deps", "--no-build-isolation", "--no-compile"]


@dataclass(frozen=True)
class Finished:
    """A finished command."""

    code: int
    out: str
    err: str


def installed(source: Path, target: Path) -> Path:
    """Install a distribution with pip, offline, into a folder of its own."""
    done = subprocess.run(
        [*PIP, "install", *OFFLINE, "--target", str(target), str(source)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"pip cannot install the plugin: {done.stderr}")
    return target


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder that the plugin is installed in; built from a copy, so the source tree stays clean."""
    copy = tmp_path_factory.mktemp("source") / PLUGIN.name
    shutil.copytree(PLUGIN, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    return installed(copy, tmp_path_factory.mktemp("site"))


@pytest.fixture
def interact(site, tmp_path) -> Callable[..., Finished]:
    """Run the ``interact`` under test in an empty folder, with the plugin (and further folders) on the path."""
    under_test = Path(interact_cli.__file__).parents[1]

    def run(*arguments: str, also: Path | None = None) -> Finished:
        path = os.pathsep.join(map(str, filter(None, (site, also, under_test))))
        environment = {**os.environ, "PYTHONPATH": path, "INTERACT_CACHE": str(tmp_path / "cache"), "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "interact_cli", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**environment, "OMP_NUM_THREADS": "1"},
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def perceptron() -> nn.Sequential:
    """Six columns, two classes, random weights large enough for interactions."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(5)
        network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
        for parameter in network.parameters():
            nn.init.normal_(parameter)
    return network.eval()


@pytest.fixture
def checkpoint(perceptron, tmp_path) -> Path:
    """Those weights, saved without a word about the architecture."""
    torch.save({"state_dict": perceptron.state_dict()}, tmp_path / "ckpt.pt")
    return tmp_path / "ckpt.pt"
