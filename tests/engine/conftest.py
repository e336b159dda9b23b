"""Three small networks with random weights, and a second, naive way to evaluate them."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import nn

from interact_cli.engine.evaluator import Evaluator
from interact_cli.games.coalitions import pack
from interact_cli.types import InputSpec, Model, PlayerSet, Sample

torch.set_num_threads(1)


@dataclass(frozen=True)
class Case:
    """A network, a sample of it, its players, and the coalitions that the tests ask for."""

    model: Model
    sample: Sample
    players: PlayerSet
    present: np.ndarray
    """``(row, n)`` bool; the first two are the empty and the grand coalition."""
    classes: tuple[int, ...]

    @property
    def packed(self) -> np.ndarray:
        return pack(self.present)

    def records(self, rows: int, packed: np.ndarray | None = None, device: str = "cpu", **fields: Any) -> np.ndarray:
        evaluator = Evaluator(self.model, torch.device(device), rows, **fields)
        return evaluator.records(self.sample, self.players, self.packed if packed is None else packed, self.classes)


def randomised(module: nn.Module, seed: int) -> nn.Module:
    """Fill weights and running statistics so that no layer is trivial."""
    rng = np.random.default_rng(seed)
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        fan_in = max(1, tensor[0].numel()) if tensor.ndim > 1 else 4
        values = 2.0 * rng.normal(size=tensor.shape) * fan_in**-0.5
        values = np.abs(values) + 0.5 if name.endswith("running_var") else values
        tensor.copy_(torch.from_numpy(values))
    return module.eval()


def model_of(module: nn.Module, shape: tuple[int, ...], n_outputs: int, family: str = "mlp", **fields: Any) -> Model:
    kind = "image" if len(shape) == 3 else "columns"
    output = fields.pop("output", "classes")
    return Model(module, "py:tests", "test", InputSpec(kind, shape), output, n_outputs, family, "0" * 64, "test")


def players_of(owner: np.ndarray, baseline: np.ndarray) -> PlayerSet:
    names = tuple(f"player {i}" for i in range(owner.max() + 1))
    return PlayerSet(names, owner.astype(np.int64), baseline.astype(np.float32), "test", "test")


def grid_owner(height: int, width: int, rows: int, columns: int) -> np.ndarray:
    """Owner of each pixel, one pixel at a time."""
    owner = np.empty((1, height, width), dtype=np.int64)
    for y in range(height):
        for x in range(width):
            owner[0, y, x] = (y * rows // height) * columns + (x * columns // width)
    return owner


def coalitions_of(n_players: int, n_rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    present = rng.random((n_rows, n_players)) < rng.random((n_rows, 1))
    present[0], present[1] = False, True
    return present


def convnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 5),
    )  # fmt: skip


def image_case(family: str, module: nn.Module, n_classes: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    sample = Sample(f"{family}/1", rng.normal(size=(3, 32, 30)).astype(np.float32), 1)
    players = players_of(grid_owner(32, 30, 5, 7), rng.normal(size=(3, 1, 1)))
    model = model_of(randomised(module, seed), (3, 32, 30), n_classes, family)
    return Case(model, sample, players, coalitions_of(35, 90, seed), (1, 3))


def make_case(name: str) -> Case:
    if name == "convnet":
        return image_case("convnet", convnet(), 5, 1)
    if name == "transformer":
        vit = timm.create_model(
            "vit_tiny_patch16_224",
            num_classes=4,
            img_size=(32, 30),
            patch_size=(8, 10),
            depth=2,
            embed_dim=24,
            num_heads=3,
        )
        return image_case("transformer", vit, 4, 2)
    layers = [nn.Linear(9, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 3)]
    rng = np.random.default_rng(3)
    sample = Sample("rows/1", rng.normal(size=9).astype(np.float32), 0)
    one_hot_groups = np.array([0, 1, 1, 1, 2, 3, 4, 4, 5])
    players = players_of(one_hot_groups, rng.normal(size=9))
    model = model_of(randomised(nn.Sequential(*layers), 3), (9,), 3, "mlp")
    return Case(model, sample, players, coalitions_of(6, 64, 3), (0, 2))


@pytest.fixture(scope="session")
def cases() -> dict[str, Case]:
    return {name: make_case(name) for name in ("convnet", "transformer", "mlp")}


@pytest.fixture(params=["convnet", "transformer", "mlp"])
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    return cases[request.param]


def naive_masked(standing: np.ndarray, players: PlayerSet, present: np.ndarray) -> np.ndarray:
    """One masked row in float64, one position at a time."""
    owner = np.broadcast_to(players.owner, standing.shape)
    baseline = np.broadcast_to(players.baseline, standing.shape)
    masked = np.empty(standing.shape)
    for position in np.ndindex(*standing.shape):
        stays = owner[position] == -1 or present[owner[position]]
        masked[position] = (standing if stays else baseline)[position]
    return masked


def naive_outputs(case: Case) -> np.ndarray:
    """Outputs of every coalition, one masked input at a time through the network in float64."""
    module = copy.deepcopy(case.model.module).cpu().double().eval()
    outputs = []
    for present in case.present:
        masked = torch.from_numpy(naive_masked(case.sample.input, case.players, present))
        with torch.no_grad():
            outputs.append(module(masked.unsqueeze(0)).numpy()[0])
    return np.array(outputs)


def naive_record(logits: np.ndarray, label: int) -> list[float]:
    others = [float(z) for position, z in enumerate(logits) if position != label]
    top = max(others)
    return [float(logits[label]), top + np.log(sum(np.exp(z - top) for z in others)), top, sum(others) / len(others)]


@pytest.fixture(scope="session")
def naive(cases: dict[str, Case]) -> dict[str, np.ndarray]:
    """Case name -> naive records, ``(row, class, 4)``."""
    return {
        name: np.array([[naive_record(logits, label) for label in case.classes] for logits in naive_outputs(case)])
        for name, case in cases.items()
    }


class Limited(nn.Module):
    """Runs out of memory above a number of rows, and remembers what it finished and what it refused."""

    def __init__(self, inner: nn.Module, most: int, error: Exception) -> None:
        super().__init__()
        self.inner, self.most, self.error = inner, most, error
        self.finished: list[torch.Tensor] = []
        self.refused: list[int] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        if len(batch) > self.most:
            self.refused.append(len(batch))
            raise self.error
        self.finished.append(batch.clone())
        return self.inner(batch)


@pytest.fixture
def limited() -> type[Limited]:
    return Limited


def case_with(case: Case, module: nn.Module, **fields: Any) -> Case:
    """The same case with another network."""
    return dataclasses.replace(case, model=dataclasses.replace(case.model, module=module, **fields))


@pytest.fixture
def swap() -> Callable[..., Case]:
    return case_with


@pytest.fixture
def build() -> SimpleNamespace:
    """What the tests make their own cases from."""
    return SimpleNamespace(
        case=Case,
        model=model_of,
        players=players_of,
        naive_outputs=naive_outputs,
        naive_masked=naive_masked,
        naive_record=naive_record,
        coalitions=coalitions_of,
        randomised=randomised,
    )


@pytest.fixture
def gap() -> Callable[[np.ndarray, np.ndarray], float]:
    """Largest difference as a share of max|v|."""
    return lambda got, expected: float(np.abs(got - expected).max() / np.abs(expected).max())
