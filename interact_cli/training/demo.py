"""Three small networks, trained in about a minute and saved as timm's train script saves.

Run as ``python -m interact_cli.training.demo OUTPUT_FOLDER``. One line per network goes to stdout, time
estimates go to stderr; a network below its accuracy ends the run with exit code 5.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import yaml
from torch import nn

from interact_cli.datasets import bundled
from interact_cli.errors import InteractError, RunFailed
from interact_cli.interfaces import DataRequest, Dataset
from interact_cli.networks import mlp
from interact_cli.progress import Progress, Silent
from interact_cli.training.files import writable_folder, write_bytes, write_checkpoint
from interact_cli.training.fit import Recipe
from interact_cli.training.job import Job, Trained
from interact_cli.training.reference import REFERENCES
from interact_cli.types import Columns, InputSpec


@dataclass(frozen=True)
class DemoNetwork:
    """One network of the demo: architecture, data, recipe, and the accuracy that it must reach."""

    arch: str
    """As ``--arch`` names it, without ``timm:`` for timm's."""
    data: str
    """One of scikit-learn's, see `interact_cli.datasets.bundled.read`."""
    n_classes: int
    input: InputSpec | None
    """None for columns: measured on the training rows."""
    recipe: Recipe
    lowest_accuracy: float
    """On the held-out part."""
    model_kwargs: Mapping[str, Any] = field(default_factory=dict)


DIGITS_INPUT = REFERENCES["digits"].input

NETWORKS: Mapping[str, DemoNetwork] = {
    "digits_convnet": DemoNetwork(
        arch="resnetv2_18",
        data="digits",
        n_classes=10,
        input=DIGITS_INPUT,
        recipe=Recipe("adamw", learning_rate=3e-3, weight_decay=0.05, epochs=20, batch_size=64, shift=2),
        lowest_accuracy=0.95,
        model_kwargs={"layers": [2, 2, 2], "channels": [16, 32, 64], "stem_chs": 16},
    ),
    "digits_vit": DemoNetwork(
        arch="vit_tiny_patch16_224",
        data="digits",
        n_classes=10,
        input=DIGITS_INPUT,
        recipe=Recipe("adamw", learning_rate=2e-3, weight_decay=0.05, epochs=50, batch_size=64, shift=2),
        lowest_accuracy=0.85,
        model_kwargs={"img_size": 32, "patch_size": 8, "embed_dim": 64, "depth": 4, "num_heads": 4},
    ),
    "breast_cancer_mlp": DemoNetwork(
        arch="py:interact_cli.networks:mlp",
        data="breast_cancer",
        n_classes=2,
        input=None,
        recipe=Recipe("adamw", learning_rate=1e-3, weight_decay=0.05, epochs=40, batch_size=64),
        lowest_accuracy=0.9,
        model_kwargs={"n_columns": 30, "n_outputs": 2},
    ),
}
"""timm has no ResNet of three stages by name; ``resnetv2_18`` with three entries in ``layers`` is one."""


class StandardError(Silent):
    """A `Progress` that writes notes and warnings to stderr, line by line."""

    def note(self, message: str) -> None:
        """Write the message."""
        sys.stderr.write(f"{message}\n")

    def warn(self, message: str) -> None:
        """Write the message, marked."""
        sys.stderr.write(f"warning: {message}\n")


def train_demo(folder: Path, *, seed: int, progress: Progress, names: Sequence[str] = tuple(NETWORKS)) -> None:
    """Train the networks and write ``NAME.pt``, and ``NAME.yaml`` beside the one of columns.

    Args:
        folder: Where the files go; made if missing.
        seed: Seed of weights, order and augmentation.
        progress: Told the time estimates.
        names: Which of `NETWORKS`.

    Raises:
        RunFailed: a network is less accurate than it must be; nothing of it is written.
        OutputError: the folder cannot be written.
    """
    writable_folder(folder)
    for name in names:
        began = time.perf_counter()
        progress.note(f"{name}: {NETWORKS[name].arch}")
        trained, test = train_one(NETWORKS[name], seed=seed, progress=progress)
        lowest = NETWORKS[name].lowest_accuracy
        if trained.accuracy < lowest:
            raise RunFailed(
                f"Expected a held-out accuracy of at least {lowest} from {name}, got {trained.accuracy:.3f}. Try "
                "another --seed."
            )
        path = folder / f"{name}.pt"
        write_checkpoint(path, trained.timm_layout())
        if trained.job.input.kind == "columns":
            write_bytes(path.with_suffix(".yaml"), _sidecar(trained, test.class_names).encode())
        seconds = time.perf_counter() - began
        sys.stdout.write(
            f"{name:<18} accuracy {trained.accuracy:.3f} on {len(test)} held out, {seconds:.1f} s, {path}\n"
        )
        sys.stdout.flush()


def train_one(network: DemoNetwork, *, seed: int, progress: Progress) -> tuple[Trained, Dataset]:
    """Train one network; return it with the held-out data that its accuracy rests on."""
    train, test = (bundled.read(DataRequest(network.data, split=split)) for split in ("train", "test"))
    spec = network.input or _columns_input(train)
    make = partial(make_network, network)
    job = Job(network.arch, make, spec, network.n_classes, network.recipe, seed, network.model_kwargs)
    return job.trained(train, test, "cpu", progress), test


def make_network(network: DemoNetwork) -> nn.Module:
    """Build one network, with weights of torch's own generator."""
    if network.arch.startswith("py:"):
        return mlp(**network.model_kwargs)
    options = {"num_classes": network.n_classes, "in_chans": DIGITS_INPUT.shape[0], **network.model_kwargs}
    made: nn.Module = timm.create_model(network.arch, **options)
    return made


def _columns_input(train: Dataset) -> InputSpec:
    rows = np.stack([train.raw(index) for index in range(len(train))])
    columns = Columns(
        names=train.column_names,
        mean=tuple(rows.mean(axis=0).tolist()),
        std=tuple(rows.std(axis=0).tolist()),
    )
    return InputSpec(kind="columns", shape=(rows.shape[1],), columns=columns, source="sidecar")


def _sidecar(trained: Trained, class_names: Sequence[str]) -> str:
    job = trained.job
    columns = job.input.columns
    content = {
        "arch": job.arch,
        "arch_args": dict(job.model_kwargs),
        "input": {"kind": "columns", "shape": list(job.input.shape)},
        "columns": {"names": list(columns.names), "mean": list(columns.mean), "std": list(columns.std)},
        "class_names": list(class_names),
    }
    text: str = yaml.safe_dump(content, sort_keys=False)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command on one thread; return its exit code.

    Networks this small gain little from a second core, lose much where the cores are shared, and so have the same
    weights whatever the number of cores.
    """
    parser = argparse.ArgumentParser(
        prog="python -m interact_cli.training.demo",
        description="Train the three networks of the demo and save them as timm's train script saves.",
    )
    parser.add_argument("output_folder", type=Path, help="where the checkpoints go; made if missing")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same machine, same weights (default 0)")
    parser.add_argument("--only", choices=NETWORKS, action="append", help="one of them; may be given again")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        names = options.only or tuple(NETWORKS)
        train_demo(options.output_folder, seed=options.seed, progress=StandardError(), names=names)
    except InteractError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
