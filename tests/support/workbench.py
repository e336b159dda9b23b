"""A desk with tiny trained files on it, and `interact` run in this process or in one of its own."""

from __future__ import annotations

import argparse
import os
import pickle
import runpy
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from click.testing import Result
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from typer.testing import CliRunner

import interact_cli
from interact_cli.cli.app import app

N_COLUMNS = 8
N_ROWS = 30
COLUMNS = tuple(f"c{i}" for i in range(N_COLUMNS))
CONVNET = {"layers": [1, 1, 1], "channels": [8, 8, 16], "stem_chs": 8}
VIT = {"img_size": 16, "patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2}

NETWORK = """
import os
import time

import torch
from torch import nn


class Table(nn.Module):
    input_shape = (8,)
    preprocessing = {"columns": {"names": [f"c{i}" for i in range(8)], "mean": [1.0] * 8, "std": [2.0] * 8}}

    def __init__(self, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 16), nn.GELU(), nn.Linear(16, outputs))

    def forward(self, x):
        time.sleep(float(os.environ.get("PAUSE_PER_BATCH", "0")))
        return self.body(x)


class Poisoned(Table):
    def forward(self, x):
        return self.body(x) + torch.where((x == 0).any(dim=1, keepdim=True), torch.nan, 0.0)


def make(outputs=3):
    return Table(outputs)


def poisoned():
    return Poisoned(3)


def single_logit():
    return Table(1)


def regression():
    network = Table(1)
    network.output = "scalar"
    return network
"""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


def interact(*arguments: Any) -> Ran:
    """Run a command in this process, in the current folder."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        result: Result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    finally:
        signal.signal(signal.SIGTERM, before)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def done(*arguments: Any) -> Ran:
    """Run a command that must succeed."""
    ran = interact(*arguments)
    assert ran.code == 0, ran.err
    return ran


def refused(code: int, *arguments: Any) -> str:
    """Run a command that must fail with one line on stderr; return the line."""
    ran = interact(*arguments)
    lines = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert ran.code == code, ran
    assert ran.out == ""
    assert len(lines) == 1, ran.err
    assert ran.err.rstrip("\n").endswith(lines[0]), ran.err
    assert "Traceback" not in ran.err
    assert "weights_only" not in ran.err
    assert "\x1b" not in ran.err
    return lines[0]


def environment(**more: str) -> dict[str, str]:
    """The environment of a subprocess: one thread, this package, no network, no colours."""
    root = str(Path(interact_cli.__file__).parents[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTERACT_", "COLUMNS"))}
    cache = {name: os.environ[name] for name in ("INTERACT_CACHE",) if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **cache, **threads, "PYTHONPATH": os.pathsep.join([str(OFFLINE), root]), "NO_COLOR": "1", **more}


OFFLINE = Path(__file__).parent / "offline"
"""Holds a `sitecustomize` that closes the network of a subprocess."""


def command(*arguments: Any) -> list[str]:
    """The command line of a subprocess."""
    return [sys.executable, "-m", "interact_cli", *map(str, arguments)]


def subprocess_ran(*arguments: Any, cwd: Path, **more: str) -> Ran:
    """Run a command in a process of its own."""
    ran = subprocess.run(
        command(*arguments), cwd=cwd, env=environment(**more), capture_output=True, text=True, check=False, timeout=120
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def save_as_timm(path: Path, network: nn.Module, arch: str, image_size: int, **model_kwargs: Any) -> None:
    """Write what timm's train script writes."""
    args = argparse.Namespace(
        model=arch, num_classes=10, in_chans=1, img_size=image_size, input_size=None, mean=[0.306], std=[0.324],
        interpolation="bilinear", crop_pct=1.0, model_kwargs=model_kwargs, gp=None,
    )  # fmt: skip
    torch.save({"epoch": 3, "arch": arch, "state_dict": network.state_dict(), "version": 2, "args": args}, path)


def trained_convnet() -> nn.Module:
    """A tiny convnet that reads digits of 16 px better than chance."""
    data = load_digits()
    images = F.interpolate(torch.tensor(data.images / 16, dtype=torch.float32)[:, None], size=16, mode="bilinear")
    images, labels = (images - 0.306) / 0.324, torch.tensor(data.target)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        network = timm.create_model("resnetv2_18", num_classes=10, in_chans=1, **CONVNET)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    order = torch.Generator().manual_seed(0)
    for _ in range(3):
        for batch in torch.randperm(len(images), generator=order).split(64):
            optimizer.zero_grad()
            F.cross_entropy(network(images[batch]), labels[batch]).backward()
            optimizer.step()
    return network.eval()


def table_network(source: Path, factory: str = "make") -> nn.Module:
    """A network of `NETWORK` with weights that make columns interact."""
    network: nn.Module = runpy.run_path(str(source))[factory]()
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.3)
        network.body[-1].bias -= network(as_input(table_rows())).mean(dim=0)
    return network.eval()


def table_rows() -> np.ndarray:
    return np.random.default_rng(5).normal(1.0, 2.0, (N_ROWS, N_COLUMNS)).round(4)


def as_input(rows: np.ndarray) -> torch.Tensor:
    """What the network of `NETWORK` sees of rows."""
    return torch.tensor(((rows - 1.0) / 2.0).astype(np.float32))


def write_table(path: Path, rows: np.ndarray, labels: list[Any]) -> None:
    lines = [",".join([*COLUMNS, "kind"])]
    lines += [",".join([*(repr(float(v)) for v in row), str(label)]) for row, label in zip(rows, labels, strict=True)]
    path.write_text("\n".join(lines) + "\n")


def write_cifar(folder: Path, n_images: int = 20) -> None:
    """The true layout of cifar-10-batches-py with few images."""
    folder.mkdir()
    for number, name in enumerate(["test_batch", *(f"data_batch_{i}" for i in range(1, 6))]):
        random = np.random.default_rng(number)
        labels = [i % 10 for i in range(n_images)]
        data = random.integers(0, 60, (n_images, 3072)) + 19 * np.array(labels)[:, None]
        batch = {b"data": data.astype(np.uint8), b"labels": labels, b"batch_label": name.encode(), b"filenames": []}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    meta = {b"label_names": [name.encode() for name in names], b"num_cases_per_batch": n_images, b"num_vis": 3072}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))


def write_images(folder: Path, per_class: int = 2) -> None:
    """One sub-folder per digit, 16 px, grey."""
    data = load_digits()
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
        for number, index in enumerate(np.flatnonzero(data.target == label)[:per_class]):
            pixels = (data.images[index] * 255 / 16).astype(np.uint8)
            Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR).save(
                folder / str(label) / f"{number}.png"
            )


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the desks get a copy of, made once."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("shelf")
    convnet = trained_convnet()
    save_as_timm(folder / "ckpt.pt", convnet, "resnetv2_18", 16, **CONVNET)
    save_as_timm(folder / "ckpt32.pt", convnet, "resnetv2_18", 32, **CONVNET)
    vit = timm.create_model("vit_tiny_patch16_224", num_classes=10, in_chans=1, **VIT).eval()
    save_as_timm(folder / "vit.pt", vit, "vit_tiny_patch16_224", 16, **VIT)
    (folder / "network.py").write_text(NETWORK)
    network = table_network(folder / "network.py")
    torch.save(network.state_dict(), folder / "table.pt")
    rows = table_rows()
    labels = network(as_input(rows)).argmax(dim=1).tolist()
    labels[::4] = [(label + 1) % 3 for label in labels[::4]]
    write_table(folder / "table.csv", rows, labels)
    write_images(folder / "images")
    write_cifar(folder / "cifar-10-batches-py")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(shelf: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a copy of the shelf, with nothing of the user's own environment."""
    folder = tmp_path / "desk"
    shutil.copytree(shelf, folder)
    for name in [name for name in os.environ if name.startswith("INTERACT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INTERACT_CACHE", str(cache))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close every socket of this process."""

    def closed(*_args: Any, **_options: Any) -> None:
        raise OSError("the tests have no network")

    monkeypatch.setattr(socket.socket, "connect", closed)
    monkeypatch.setattr(socket.socket, "connect_ex", closed)
    monkeypatch.setattr(socket, "getaddrinfo", closed)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def forward_passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of every masked batch that goes through a network, padding included, as they come."""
    from interact_cli.engine.evaluator import Evaluator

    rows: list[int] = []
    outputs = Evaluator._outputs

    def counted(self: Evaluator, batch: torch.Tensor, run: Any) -> torch.Tensor:
        rows.append(len(batch))
        return outputs(self, batch, run)

    monkeypatch.setattr(Evaluator, "_outputs", counted)
    return rows


TABLE: tuple[str, ...] = ("table.pt", "--arch", "py:network.py:make", "-d", "csv:table.csv", "--label-column", "kind")
"""The table network on its rows."""


def arrays(report: Any) -> Mapping[str, np.ndarray]:
    """Every number of a report, by name."""
    found = {
        f"{measurement.metric}/{quantity.name}/{part}": getattr(quantity, part)
        for measurement in report.measurements
        for quantity in (*measurement.per_sample, *measurement.summary)
        for part in ("values", "standard_errors", "low", "high", "exact")
        if getattr(quantity, part) is not None
    }
    found |= {name: getattr(report.samples, name) for name in ("labels", "predicted", "full_value", "empty_value")}
    for record in report.records or ():
        found[f"coalitions/{record.sample}"] = record.coalitions
        found[f"records/{record.sample}"] = record.values
    return found


def assert_identical(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    """Every array to the last bit."""
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)
