"""Real files, crafted for the tests of the adapters."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from interact_cli.registry import Registry

torch.set_num_threads(1)


@pytest.fixture
def builders() -> Registry:
    registry: Registry = Registry("architecture prefix", "interact list archs")
    registry.add("timm", "interact_cli.adapters.architectures.timm_models:build", summary="timm", origin="test")
    registry.add(
        "torchvision", "interact_cli.adapters.architectures.torchvision_models:build", summary="tv", origin="test"
    )
    registry.add("paper", "interact_cli.adapters.architectures.paper_networks:build", summary="paper", origin="test")
    registry.add("py", "interact_cli.adapters.architectures.factories:build", summary="py", origin="test")
    return registry


@pytest.fixture(scope="session")
def resnet() -> torch.nn.Module:
    return timm.create_model("resnet10t", num_classes=10, in_chans=1).eval()


@pytest.fixture(scope="session")
def vit() -> torch.nn.Module:
    return timm.create_model(
        "vit_tiny_patch16_224", num_classes=3, img_size=32, patch_size=8, depth=1, embed_dim=16, num_heads=2
    ).eval()


@pytest.fixture
def timm_args() -> argparse.Namespace:
    return argparse.Namespace(
        model="resnet10t", num_classes=10, in_chans=1, img_size=32, input_size=None, mean=[0.3], std=[0.2],
        interpolation="bilinear", crop_pct=None, model_kwargs={}, gp=None,
    )  # fmt: skip


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(document: Any, name: str = "ckpt.pt", **options: Any) -> Path:
        path = tmp_path / name
        torch.save(document, path, **options)
        return path

    return write
