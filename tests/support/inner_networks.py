"""Small networks whose layers all matter, and what a mask inside them gives by a naive second way."""

from __future__ import annotations

import functools

import timm
import torch
from torch import nn
from torch.nn import functional as F

from interact_cli.types import InputSpec, Model

torch.set_num_threads(1)

TIMM = {
    "resnet18": ({"num_classes": 4}, 32),
    "vit_tiny_patch16_224": ({"img_size": 16, "patch_size": 4, "depth": 3, "embed_dim": 24, "num_heads": 2}, 16),
    "convnext_tiny": ({"depths": (1, 1, 2, 1), "dims": (8, 16, 24, 32)}, 64),
    "densenet121": ({"block_config": (2, 2, 2, 2), "growth_rate": 8}, 32),
    "swin_tiny_patch4_window7_224": (
        {
            "img_size": 32,
            "patch_size": 2,
            "window_size": 4,
            "depths": (1, 1, 2, 1),
            "embed_dim": 12,
            "num_heads": (2,) * 4,
        },
        32,
    ),
}


def randomised(module: nn.Module) -> nn.Module:
    """Fill weights and running statistics so that no branch is trivial (timm starts residual branches at zero)."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                fan_in = max(1, tensor[0].numel()) if tensor.ndim > 1 else 4
                values = torch.randn(tensor.shape, generator=generator) * fan_in**-0.5
                tensor.copy_(values.abs() + 0.5 if name.endswith("running_var") else values)
    return module.eval().requires_grad_(False)


@functools.cache
def timm_network(name: str) -> tuple[nn.Module, torch.Tensor]:
    """Return a small network of timm and one input."""
    options, side = TIMM[name]
    return randomised(timm.create_model(name, **options)), noise(1, 3, side, side)


def noise(*shape: int, seed: int = 2) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def halved(activation: torch.Tensor, rows: int = 5) -> torch.Tensor:
    """Rows of one activation, another half of it masked in each; the first row is whole."""
    present = noise(rows, *activation.shape[1:], seed=3) < 0
    present[0] = True
    return activation * present


def model_of(module: nn.Module, *shape: int, **fields: object) -> Model:
    kind = "image" if len(shape) == 3 else "columns"
    spec = fields.pop("input", InputSpec(kind, shape))
    return Model(module.eval(), "py:tests", "test", spec, "classes", 4, "mlp", "0" * 64, "test", **fields)


class Functional(nn.Module):
    """Two functional dropouts in one forward, the second after a residual sum."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.out = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        x = F.dropout(self.first(x).relu(), 0.5, self.training)
        return self.out(torch.dropout(x + self.second(x).tanh(), 0.5, self.training))


class Shared(nn.Module):
    """One layer used twice, a layer never used, and a pair of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.never, self.pair, self.out = nn.Linear(6, 6), nn.Linear(6, 6), Pair(), nn.Linear(6, 4)

    def forward(self, x):
        a, b = self.pair(self.twice(self.twice(x)))
        return self.out(a * b)


class Pair(nn.Module):
    def forward(self, x):
        return x.sin(), x.cos()


class Winding(nn.Module):
    """Control flow that follows the numbers: no graph can be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.middle, self.out = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        stem = self.stem(x)
        y = self.middle(stem.relu())
        if float(y.abs().max()) > 1e9:
            y = -y
        return self.out(y * stem)


class Stateful(Winding):
    """Keeps what the stem's layer was given: its memory cannot be replayed, only the full forward pass is right."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Remembering()

    def forward(self, x):
        stem = self.stem(x)
        y = self.middle(stem.relu())
        if float(y.abs().max()) > 1e9:
            y = -y
        assert len(self.stem.given) == len(y), "the stem ran for another batch"
        return self.out(y * self.stem.given.sum(1, keepdim=True))


class Remembering(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 8)

    def forward(self, x):
        self.given = x
        return self.linear(x)
