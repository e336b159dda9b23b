"""Versions of one network and their reports: what a gate is given."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from support.workbench import TABLE, done, table_network

POLICY = """
rules:
  - metric: multi-order
    quantity: mean_abs
    must_not: rise
    margin: 10%
"""
LIKE = ("--arch", "py:network.py:make", "-d", "csv:table.csv", "--label-column", "kind")


def louder(factor: float) -> Callable[[nn.Module], None]:
    """Multiply the logits: the same predictions, stronger interactions."""

    def change(network: nn.Module) -> None:
        with torch.no_grad():
            for parameter in network.body[-1].parameters():
                parameter.mul_(factor)

    return change


def shaken(network: nn.Module) -> None:
    """Change every weight a little, as another run of training does."""
    random = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random) * 0.04)


def unchanged(network: nn.Module) -> None:
    """Leave it as it is."""


VERSIONS: dict[str, Callable[[nn.Module], None]] = {
    "reference": unchanged,
    "same": unchanged,
    "louder": louder(1.5),
    "quieter": louder(0.6),
    "shaken": shaken,
}


def save_version(source: Path, name: str) -> None:
    network = table_network(source / "network.py")
    VERSIONS[name](network)
    torch.save(network.state_dict(), source / f"{name}.pt")


@pytest.fixture(scope="session")
def measured(shelf: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every version and its report, made once."""
    folder = tmp_path_factory.mktemp("versions") / "measured"
    shutil.copytree(shelf, folder)
    with contextlib.chdir(folder):
        for name in VERSIONS:
            save_version(folder, name)
            done("measure", f"{name}.pt", *LIKE, "-m", "multi-order", "-m", "shapley", "-o", f"{name}.h5")
    assert TABLE[1:] == LIKE
    return folder


@pytest.fixture
def versions(measured: Path, desk: Path) -> Path:
    """The current folder: a copy of `measured` with a policy."""
    for path in measured.iterdir():
        if path.is_file():
            shutil.copy(path, desk / path.name)
    Path("policy.yaml").write_text(POLICY)
    return desk
