"""Small tables in the layouts of well-known data sets, with rules that a network can learn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from interact_cli.datasets.tables import census
from interact_cli.datasets.tables.census import CATEGORIES
from interact_cli.interfaces import DataRequest
from interact_cli.networks.fully_connected import mlp

_EDUCATION = {9: "HS-grad", 10: "Some-college", 13: "Bachelors", 14: "Masters"}


def write_census(folder: Path, n_rows: int, seed: int = 0) -> Path:
    """Write ``adult.data`` and ``adult.test`` with ``n_rows`` rows each, as UCI formats them; return the folder.

    Who is married and went to college earns more than 50K, and so does who has a capital gain; nothing else matters.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    (folder / "adult.data").write_text("".join(f"{_row(random)}\n" for _ in range(n_rows)) + "\n")
    (folder / "adult.test").write_text(
        "|1x3 Cross validator\n" + "".join(f"{_row(random)}.\n" for _ in range(n_rows)) + "\n"
    )
    return folder


def _row(random: np.random.Generator) -> str:
    chosen = {name: str(random.choice(listed.split())) for name, listed in CATEGORIES.items()}
    # As in the real files, an unknown work class goes with an unknown occupation.
    chosen["occupation"] = "?" if chosen["workclass"] == "?" else chosen["occupation"]
    education = int(random.choice(list(_EDUCATION)))
    gain = int(random.choice([0, 0, 0, 7298]))
    earns = gain > 0 or (chosen["marital-status"].startswith("Married") and education >= 10)
    return ", ".join(
        [
            str(random.integers(17, 91)),
            chosen["workclass"],
            str(random.integers(12285, 1484705)),
            _EDUCATION[education],
            str(education),
            chosen["marital-status"],
            chosen["occupation"],
            chosen["relationship"],
            chosen["race"],
            chosen["sex"],
            str(gain),
            str(random.choice([0, 0, 0, 1902])),
            str(random.integers(1, 100)),
            chosen["native-country"],
            ">50K" if earns else "<=50K",
        ]
    )


def save_census_network(folder: Path) -> Path:
    """Train the five-layer MLP of Deng et al. (2022) on the census rows below ``folder`` for seconds; save both.

    Writes ``census.pt`` and ``census.yaml`` beside the folder.
    """
    train = census.read(DataRequest("census", path=folder, split="train"))
    rows = torch.tensor(np.stack([train.raw(index) for index in range(len(train))]), dtype=torch.float32)
    mean, std = rows.mean(0), rows.std(0).clamp(min=1e-3)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        network = mlp(rows.shape[1], 2)
    inputs, labels = (rows - mean) / std, torch.tensor(np.array(train.labels))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(80):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs), labels).backward()
        optimizer.step()
    torch.save(network.state_dict(), folder.parent / "census.pt")
    sidecar = {
        "arch": "paper:mlp5",
        "arch_args": {"n_columns": rows.shape[1], "n_outputs": 2},
        "columns": {"names": list(train.column_names), "mean": mean.tolist(), "std": std.tolist()},
    }
    (folder.parent / "census.yaml").write_text(json.dumps(sidecar))
    return folder.parent / "census.pt"
